"""The embedded broker: kombu's folder of messages, made safe for several processes."""

import fcntl
import logging
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):  # type: ignore[misc]
    """Messages as files that appear whole and are taken by one process.

    kombu writes a message into the open file that a reader may already take, and takes it by way
    of the machine's folder for temporary files, where a move may be a copy. Here both are one
    rename within the folder.
    """

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:
        """Write the message aside and rename it into place; names sort by time."""
        name = f"{time.time_ns()}_{secrets.token_hex(8)}.{queue}.msg"
        _write(Path(self.data_folder_out) / name, dumps(payload))

    def _get(self, queue: str) -> Any:
        """Take the oldest message of ``queue``; raise Empty when there is none."""
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):  # noqa: PTH208  (names are all we need)
            if name.startswith(".") or name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f".taken-{name}"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue  # another process was faster
            message = _message(taken)
            taken.unlink()
            if message is not None:
                return message
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        """Return the queues bound to ``exchange``: the table is only ever replaced whole."""
        try:
            rows = loads(self._exchange_file(exchange).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        return [filesystem.exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Add a queue to the table of ``exchange``."""
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        if row in self.get_table(exchange):
            return
        with self._locked():
            rows = [row, *(other for other in self.get_table(exchange) if other != row)]
            _write(self._exchange_file(exchange), dumps(rows))

    def _delete(self, queue: str, exchange: str, *arguments: Any, **_: Any) -> None:
        """Remove a queue with its messages, and from the table of ``exchange``."""
        self._purge(queue)
        with self._locked():
            rows = [row for row in self.get_table(exchange) if row.queue != queue]
            _write(self._exchange_file(exchange), dumps(rows))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from changing the tables."""
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / ".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):  # type: ignore[misc]
    """kombu's transport with the channel above."""

    Channel = Channel


def _message(path: Path) -> dict[str, Any] | None:
    """Return the message of a file; None, and a line in the log, where there is none in it.

    A full or failing disk may leave anything. Raising would end the worker and lose its shard;
    a lost message is sent again by the sweeper.
    """
    try:
        message = loads(path.read_text(encoding="utf-8"))
    except ValueError:
        message = None
    if isinstance(message, dict):
        return message
    logger.error("%s holds no message and is thrown away.", path.name)
    return None


def _write(path: Path, text: str) -> None:
    """Write a file that others see whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
