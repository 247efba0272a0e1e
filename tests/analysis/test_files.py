"""Result files: whole or absent, inside the storage, local or fetched from a remote one."""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.utils import timezone

from analysis.services import files
from analysis.services.processes import claim_name


class RemoteStorage(FileSystemStorage):
    """Behaves as a bucket does: has no paths, replaces what has the same name."""

    def __init__(self, location):
        super().__init__(location=location, allow_overwrite=True)

    def path(self, name):
        """A bucket has no path, except for the class it is made of."""
        if getattr(self, "inside", False):
            return super().path(name)
        raise NotImplementedError

    def __getattribute__(self, name):
        """Let the storage's own methods find their files."""
        value = super().__getattribute__(name)
        if name not in {"_save", "_open", "exists", "size", "get_modified_time", "delete"}:
            return value

        def inside(*args, **kwargs):
            self.inside = True
            try:
                return value(*args, **kwargs)
            finally:
                self.inside = False

        return inside


@pytest.fixture
def media(settings, tmp_path):
    """A media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def bucket(settings, tmp_path, monkeypatch):
    """A storage without paths."""
    settings.VAR = tmp_path / "var"
    storage = RemoteStorage(tmp_path / "bucket")
    monkeypatch.setattr(files, "default_storage", storage)
    return storage


def test_what_is_written_is_read_again_and_replaced(media):
    """A second attempt may write other bytes under the same name."""
    files.write("runs/abc/scan/000001.npz", b"first")
    files.write("runs/abc/scan/000001.npz", b"second")
    assert files.read("runs/abc/scan/000001.npz") == b"second"
    assert files.local("runs/abc/scan/000001.npz").read_bytes() == b"second"
    assert [path.name for path in (media / "runs/abc/scan").iterdir()] == ["000001.npz"]


def test_a_failed_write_leaves_the_old_file_and_no_rest(media, monkeypatch):
    """The disk fills up halfway: readers still see the first bytes."""
    files.write("a/b.bin", b"first")

    def full(self, data):
        self.touch()
        raise OSError("no space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="no space left"):
        files.write("a/b.bin", b"second")
    assert files.read("a/b.bin") == b"first"
    assert [path.name for path in (media / "a").iterdir()] == ["b.bin"]
    assert not list((media / files.ASIDE).iterdir())


def test_readers_never_see_half_a_file(media):
    """One thread writes, another reads: every read is one whole version."""
    versions = [bytes([letter]) * 200_000 for letter in b"ab"]
    files.write("x.bin", versions[0])
    stop = threading.Event()

    def keep_writing():
        while not stop.is_set():
            for version in versions:
                files.write("x.bin", version)

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        assert all(files.read("x.bin") in versions for _ in range(100))
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a\\b", "a\0b"])
def test_names_stay_inside_the_storage(media, name):
    """No name leads elsewhere."""
    for use in (files.read, files.local, files.exists, files.remove):
        with pytest.raises(ValueError, match="plain relative path"):
            use(name)
    with pytest.raises(ValueError, match="plain relative path"):
        files.write(name, b"")


def test_a_missing_file_is_said_to_be_missing(media):
    """The sentence names the file."""
    assert not files.exists("no/where.npz")
    with pytest.raises(FileNotFoundError):
        files.read("no/where.npz")
    with pytest.raises(FileNotFoundError, match=r"no/where\.npz is not in the media storage"):
        files.local("no/where.npz")


def test_a_folder_is_removed_with_what_is_in_it(media):
    """Removing twice is removing once."""
    files.write("runs/abc/scan/1.npz", b"1")
    files.write("runs/abc/layers/conv.npz", b"2")
    files.write("runs/def/scan/1.npz", b"3")
    files.remove("runs/abc")
    files.remove("runs/abc")
    assert not (media / "runs/abc").exists()
    assert files.read("runs/def/scan/1.npz") == b"3"


def test_a_remote_file_is_fetched_once_and_again_when_it_changed(bucket, monkeypatch):
    """The cache follows the bucket."""
    files.write("manifests/a.parquet", b"one")
    first = files.local("manifests/a.parquet")
    assert first.read_bytes() == b"one"
    assert files.local("manifests/a.parquet") == first
    files.write("manifests/a.parquet", b"three")
    assert files.local("manifests/a.parquet").read_bytes() == b"three"
    assert files.read("manifests/a.parquet") == b"three"
    with pytest.raises(FileNotFoundError, match=r"b\.parquet is not in the media storage"):
        files.local("manifests/b.parquet")


def test_the_default_storage_is_the_one_in_use():
    """Files go where the settings say, and nowhere else."""
    assert files.default_storage == storages["default"]


def test_a_shared_file_takes_its_room_once(media):
    """Plain pictures of one image serve every unit that names it."""
    files.write("pictures/a", b"plain")
    files.share("pictures/b", "pictures/a")
    files.share("pictures/b", "pictures/a")  # a second attempt
    assert files.read("pictures/b") == b"plain"
    assert (media / "pictures/a").stat().st_ino == (media / "pictures/b").stat().st_ino
    assert sorted(path.name for path in (media / "pictures").iterdir()) == ["a", "b"]
    files.write("pictures/a", b"other")
    assert files.read("pictures/b") == b"plain"


def test_a_bucket_keeps_a_copy_of_a_shared_file(bucket):
    """Buckets have no links."""
    files.write("pictures/a", b"plain")
    files.share("pictures/b", "pictures/a")
    assert files.read("pictures/b") == b"plain"


def test_sharing_what_is_not_there_is_refused(media):
    """It would be a name without content."""
    with pytest.raises(FileNotFoundError):
        files.share("pictures/b", "pictures/a")


def left_aside(root, name=None, age=timedelta(0)):
    """Leave a file as a process that was killed while it wrote does."""
    path = root / files.ASIDE / (name or claim_name()).replace("/", files.SLASH)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    return path, timezone.now() + age


def gone_name():
    """Return the name of a process of this machine that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, space, _, _, claim = claim_name().split("/")
    return "/".join([host, space, str(ended.pid), "1", claim])


def test_what_a_killed_process_left_is_swept_and_nothing_else(media):
    """Results, and what is being written now, stay."""
    files.write("runs/abc/1.npz", b"1")
    mine, now = left_aside(media)
    gone, _ = left_aside(media, gone_name())
    foreign, _ = left_aside(media, "another-machine/1/2/3/4")
    assert files.sweep(now) == 1
    assert (mine.exists(), gone.exists(), foreign.exists()) == (True, False, True)
    assert files.sweep(now) == 0
    assert files.sweep(now + timedelta(hours=25)) == 2
    assert files.read("runs/abc/1.npz") == b"1"


def test_a_link_made_now_to_an_old_file_is_no_old_one(media):
    """Its file may be of last year."""
    files.write("pictures/a", b"plain")
    os.utime(media / "pictures/a", (0, 0))
    aside = media / files.ASIDE / "another-machine~1~2~3~4"
    aside.hardlink_to(media / "pictures/a")
    assert files.sweep(timezone.now()) == 0


def test_the_cache_of_a_bucket_is_swept_too(bucket, settings):
    """Fetching may be killed as well."""
    files.write("manifests/a.parquet", b"one")
    files.local("manifests/a.parquet")
    left, now = left_aside(Path(settings.VAR) / "cache", gone_name())
    assert files.sweep(now) == 1
    assert not left.exists()
    assert files.local("manifests/a.parquet").read_bytes() == b"one"


def test_with_nothing_aside_there_is_nothing_to_sweep(media):
    """Not even a folder."""
    assert files.sweep(timezone.now()) == 0
