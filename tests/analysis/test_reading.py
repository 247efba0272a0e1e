"""Images that anybody may send are unpacked where nothing else can be held or ended by them."""

import io
import subprocess
import sys

import pytest
from django.conf import settings

from analysis.core.images import ImageRefused, Preprocessing, open_image, view
from analysis.services import image_reader, reading
from analysis.services.reading import ENVIRONMENT, Reader
from tests.analysis.hostile_images import clear_pixels, many_passes, many_strips
from tests.analysis.looking import photograph

INPUT = {"height": 32, "width": 32, "fit": "crop"}
ASKED = {"preprocessing": INPUT, "most_pixels": 40_000_000, "longest": 24}


@pytest.fixture
def reader():
    """A process of this test's own."""
    made = Reader()
    yield made
    made.stop()


def changed(monkeypatch, **values):
    """Start readers with other limits: the module is run with these lines after it."""
    lines = "".join(f"image_reader.{name} = {value}; " for name, value in values.items())
    program = f"from analysis.services import image_reader; {lines}image_reader.main()"

    class Popen(reading.subprocess.Popen):
        def __init__(self, command, **how):
            super().__init__([command[0], "-c", program], **how)

    monkeypatch.setattr(reading.subprocess, "Popen", Popen)


def test_an_image_is_read_as_it_would_be_here(reader):
    data = photograph((60, 48), "JPEG")
    taken = reader.taken(data, ASKED)
    here = open_image(io.BytesIO(data))
    assert taken.size == here.size == (60, 48)
    assert taken.seen == view(here, Preprocessing.from_json(INPUT)).tobytes()
    assert open_image(io.BytesIO(taken.photo)).size == (24, 24)
    assert reader.taken(data, ASKED | {"longest": 0}) == taken._replace(photo=b"")


def test_one_process_reads_many_and_survives_what_is_no_image(reader):
    first = reader.taken(photograph(), ASKED)
    process = reader._process
    for refused in (b"", b"<svg/>", photograph((400, 300))[:400], photograph((200, 201))):
        with pytest.raises(ImageRefused, match=r"empty|not an image|cut short|are more than"):
            reader.taken(refused, ASKED | {"most_pixels": 40_000})
    assert reader.taken(photograph(), ASKED) == first
    assert reader._process is process


def test_what_takes_too_long_ends_its_reader_and_the_next_begins_anew(reader, monkeypatch):
    """Without a limit a JPEG of 20 MB takes more than an hour, a TIFF more than a minute."""
    changed(monkeypatch, LONGEST=1)
    for data in (many_passes(), many_strips(1_000_000)):
        with pytest.raises(ImageRefused, match="longer than 10 seconds to unpack"):
            reader.taken(data, ASKED)
    assert reader.taken(photograph(), ASKED).size == (60, 48)


def test_what_takes_too_much_memory_is_refused(reader, monkeypatch):
    changed(monkeypatch, ROOM=400 << 20)
    with pytest.raises(ImageRefused, match="memory"):
        reader.taken(clear_pixels(5000), ASKED)
    assert reader.taken(photograph(), ASKED).size == (60, 48)


def test_the_files_that_ask_for_much_are_images(reader):
    """Or the tests above would show nothing."""
    for data in (many_passes(64, passes=3), many_strips(8), clear_pixels(16)):
        assert min(reader.taken(data, ASKED).size) >= 8


def test_a_reader_that_was_ended_is_started_again(reader):
    reader.taken(photograph(), ASKED)
    reader._process.kill()
    reader._process.wait()
    assert reader.taken(photograph(), ASKED).size == (60, 48)
    reader._process.stdout.close()  # as if it had gone while it read
    with pytest.raises(ValueError, match="closed"):
        reader.taken(photograph(), ASKED)
    assert reader.taken(photograph(), ASKED).size == (60, 48)


def test_it_knows_no_secret_and_loads_neither_django_nor_torch(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "never told")
    program = (
        "import os, sys, analysis.services.image_reader\n"
        "print([name for name in ('django', 'torch') if name in sys.modules], *os.environ)"
    )
    command = [sys.executable, "-c", program]
    told = subprocess.run(
        command, env=ENVIRONMENT, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("[] ")
    assert "SECRET_KEY" not in told.stdout


def test_parts_come_as_they_were_sent():
    stream = io.BytesIO()
    image_reader.send(stream, (b"", b"one", b"\0" * 100))
    stream.seek(0)
    assert image_reader.receive(stream, 3) == [b"", b"one", b"\0" * 100]
    with pytest.raises(EOFError):
        image_reader.receive(stream, 1)
    with pytest.raises(EOFError):
        image_reader.receive(io.BytesIO(stream.getvalue()[:-1]), 3)
