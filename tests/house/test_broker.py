"""The embedded broker: every message is taken once, whole, in order, by one of many processes."""

import os
import subprocess
import sys
import threading
from queue import Empty

import pytest
from kombu import Connection

from config import celery  # noqa: F401  (names the transport)
from config.broker import Channel


@pytest.fixture
def connect(tmp_path):
    """Return how to open a channel on a folder of this test's own."""
    options = {
        "data_folder_in": str(tmp_path / "messages"),
        "data_folder_out": str(tmp_path / "messages"),
        "control_folder": str(tmp_path / "control"),
    }
    (tmp_path / "messages").mkdir()
    opened = []

    def channel():
        connection = Connection("filesystem://localhost", transport_options=options)
        opened.append(connection)
        return connection.channel()

    yield channel
    for connection in opened:
        connection.release()


def test_the_project_uses_its_own_channel(connect):
    """Not kombu's, which may read a message that is being written."""
    assert type(connect()) is Channel


def test_messages_come_out_in_the_order_they_went_in(connect):
    """Of the queue that is asked, and no other."""
    channel = connect()
    for number in range(20):
        channel._put("cpu", {"number": number})
    channel._put("gpu", {"number": 99})
    assert [channel._get("cpu")["number"] for _ in range(20)] == list(range(20))
    with pytest.raises(Empty):
        channel._get("cpu")
    assert channel._size("gpu") == 1


@pytest.mark.parametrize("content", [b"", b'{"cut": ', b"\xff\xfe", b"[1]", b"null"])
def test_a_file_that_holds_no_message_is_thrown_away(connect, tmp_path, caplog, content):
    """It must not end the worker, which would lose its shard."""
    channel = connect()
    (tmp_path / "messages" / "0_a.cpu.msg").write_bytes(content)
    channel._put("cpu", {"number": 1})
    assert channel._get("cpu") == {"number": 1}
    assert list((tmp_path / "messages").iterdir()) == []
    assert "holds no message" in caplog.text


def write(channel, start):
    """Put a hundred messages."""
    for number in range(start, start + 100):
        channel._put("cpu", {"number": number})


def read(channel, got, over):
    """Take messages until nothing is left after the writers have ended."""
    while True:
        last = over.is_set()
        try:
            got.append(channel._get("cpu")["number"])
        except Empty:
            if last:
                return


def test_many_readers_and_writers_lose_and_double_nothing(connect):
    """Four write, four read, at once."""
    got, over = [], threading.Event()
    readers = [threading.Thread(target=read, args=[connect(), got, over]) for _ in range(4)]
    writers = [threading.Thread(target=write, args=[connect(), at]) for at in range(0, 400, 100)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in readers:
        thread.join()
    assert sorted(got) == list(range(400))


def test_a_message_half_written_by_a_killed_process_is_never_read(connect, tmp_path):
    """It lies aside under a name that no reader looks at."""
    (tmp_path / "messages" / ".1_ab.cpu.msg.ffff").write_text('{"num')
    with pytest.raises(Empty):
        connect()._get("cpu")


def test_tables_of_queues_are_changed_by_many_at_once(connect):
    """Every queue that was bound is there, each once."""

    def bind(start):
        channel = connect()
        for number in range(start, start + 10):
            channel._queue_bind("all", f"key-{number}", "", f"queue-{number}")
            channel._queue_bind("all", f"key-{number}", "", f"queue-{number}")

    threads = [threading.Thread(target=bind, args=[start]) for start in range(0, 40, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel = connect()
    assert {row.queue for row in channel.get_table("all")} == {f"queue-{n}" for n in range(40)}
    assert len(channel.get_table("all")) == 40
    channel._put("queue-3", {})
    channel._delete("queue-3", "all", "key-3", "")
    assert len(channel.get_table("all")) == 39
    assert channel._size("queue-3") == 0
    assert channel.get_table("none") == []


def test_the_web_side_sends_without_loading_torch():
    """A wake-up costs the web process no gigabyte."""
    code = (
        "import django, sys; django.setup()\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        "from analysis import tasks; tasks._send(1, 'gpu')\n"
        "heavy = ('torch', 'torchvision', 'timm', 'vl_convert', 'altair')\n"
        "sys.exit(sum(name in sys.modules for name in heavy))"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0
