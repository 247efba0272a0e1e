"""A web server whose threads nobody holds by sending, or taking, a little now and then.

A thread reads a request and writes its answer. Without a limit a dozen connections that send
nothing after their first bytes hold all threads there are, for as long as they like.
"""

import socket
import time
from contextlib import suppress
from errno import EPIPE
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

GRACE = 10.0  # seconds that somebody may keep a thread waiting
RATE = 20_000  # bytes a second that give him as much time again
PIECE = 1 << 16  # bytes of an answer that are sent at once


class Patient(socket.socket):
    """A connection that ends when the other side has used up its time.

    Waiting takes from it, bytes add to it, up to `GRACE`. What the application takes is its own.
    """

    left = GRACE

    @classmethod
    def of(cls, other: socket.socket) -> "Patient":
        """Take a connection over."""
        family, kind, protocol = other.family, other.type, other.proto
        return cls(family, kind, protocol, fileno=other.detach())

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what came, nothing as if the other side had gone where it took too long."""
        began = time.monotonic()
        self.settimeout(max(self.left, 0.001))
        try:
            data = super().recv(size, flags)
        except TimeoutError:
            with suppress(OSError):
                self.shutdown(socket.SHUT_RD)
            return b""
        finally:
            self.setblocking(True)
        self._count(len(data), time.monotonic() - began)
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all. Raises BrokenPipeError where the other side does not take it."""
        view = memoryview(data).cast("B")
        for at in range(0, len(view), PIECE):
            began = time.monotonic()
            self.settimeout(max(self.left, 0.001))  # for the whole piece
            try:
                super().sendall(view[at : at + PIECE], flags)
            except TimeoutError:
                raise BrokenPipeError(EPIPE, "The answer was not taken in time") from None
            finally:
                self.setblocking(True)
            self._count(PIECE, time.monotonic() - began)

    def _count(self, size: int, seconds: float) -> None:
        self.left = min(GRACE, self.left + size / RATE - seconds)


class Worker(ThreadWorker):
    """gunicorn's threads, with patient connections."""

    def enqueue_req(self, conn: TConn) -> None:
        """Give each request of a connection its time."""
        if not isinstance(conn.sock, Patient):
            conn.sock = Patient.of(conn.sock)
        conn.sock.left = GRACE
        super().enqueue_req(conn)
