"""Nobody holds the threads of the web server by sending, or taking, a little now and then."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from http.client import HTTPConnection

import pytest
from django.conf import settings

from config import patience
from config.patience import Patient

POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n"
# The project's own settings, an application that needs no database, and less time for a test.
PROGRAM = """
import sys
from config import patience
from gunicorn.app.wsgiapp import run

def answer(environ, start):
    environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * int(environ["QUERY_STRING"] or 1)]

sys.modules["answering"] = sys.modules["__main__"]
patience.GRACE = 1.0
sys.argv = ["gunicorn", "answering:answer", "-c", "config/gunicorn.py", "--bind=127.0.0.1:PORT"]
run()
"""


@pytest.fixture
def pair(monkeypatch):
    """Our end of a connection, whose other side has 0.3 seconds and no more, and that side."""
    monkeypatch.setattr(patience, "GRACE", 0.3)
    monkeypatch.setattr(Patient, "left", 0.3)
    ours, theirs = socket.socketpair()
    with Patient.of(ours) as mine, theirs:
        yield mine, theirs


def test_who_sends_nothing_more_has_gone(pair):
    ours, theirs = pair
    theirs.sendall(b"GET /")
    assert ours.recv(100) == b"GET /"
    assert ours.recv(100) == b""
    with suppress(BrokenPipeError):
        theirs.sendall(b"late")
    assert ours.recv(100) == b""


def test_who_sends_a_little_now_and_then_has_gone_too(pair):
    """A limit for each wait alone would let him go on for as long as he likes."""
    ours, theirs = pair
    stop = threading.Event()

    def drip():
        while not stop.wait(0.05):
            try:
                theirs.sendall(b"x")
            except OSError:
                return

    dripping = threading.Thread(target=drip)
    dripping.start()
    received = 0
    while ours.recv(100):
        received += 1
        assert received < 50
    stop.set()
    dripping.join()


def test_who_sends_fast_enough_may_take_longer_in_all(pair, monkeypatch):
    monkeypatch.setattr(patience, "RATE", 1000)
    ours, theirs = pair
    for _ in range(8):
        threading.Timer(0.1, theirs.sendall, [b"x" * 200]).start()
        assert len(ours.recv(200)) == 200
    assert ours.left <= patience.GRACE


def test_who_takes_nothing_ends_the_answer(pair):
    ours, _ = pair
    with pytest.raises(BrokenPipeError, match="not taken in time"):
        ours.sendall(b"x" * 90_000_000)


def test_what_is_taken_arrives_whole(pair):
    ours, theirs = pair
    data = os.urandom(2_000_000)
    sending = threading.Thread(target=ours.sendall, args=(data,))
    sending.start()
    assert theirs.recv(len(data), socket.MSG_WAITALL) == data
    sending.join()


@pytest.fixture
def server():
    """The port of a web server as production has it, with four threads in all."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"WEB_PROCESSES": "2", "WEB_THREADS": "2"}
    program = PROGRAM.replace("PORT", str(port))
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=settings.BASE_DIR, env=environment
    )
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.1)
    yield port
    process.terminate()
    process.wait(30)


@pytest.mark.parametrize("begun", [b"POST / HTTP/1.1\r\nX-A: ", POST, POST + b"x" * 10])
def test_a_dozen_that_send_no_more_let_others_through(server, begun):
    """Without patience this test waits until its connection gives up."""
    with ExitStack() as held:
        for _ in range(12):
            slow = held.enter_context(socket.create_connection(("127.0.0.1", server)))
            slow.sendall(begun)
        asked = HTTPConnection("127.0.0.1", server, timeout=60)
        asked.request("GET", "/?5")
        assert asked.getresponse().read() == b"xxxxx"
        asked.close()


def test_a_dozen_that_take_no_answer_let_others_through(server):
    with ExitStack() as held:
        for _ in range(12):
            slow = held.enter_context(socket.create_connection(("127.0.0.1", server)))
            slow.sendall(b"GET /?90000000 HTTP/1.1\r\nHost: here\r\n\r\n")
        asked = HTTPConnection("127.0.0.1", server, timeout=60)
        asked.request("GET", "/?5")
        assert asked.getresponse().read() == b"xxxxx"
        asked.close()


def test_a_connection_serves_several_requests(server):
    asked = HTTPConnection("127.0.0.1", server, timeout=60)
    for size in (5, 3_000_000, 1):
        asked.request("POST", f"/?{size}", body=b"y" * 500_000)
        assert len(asked.getresponse().read()) == size
    asked.close()
