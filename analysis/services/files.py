"""Result files in the media storage: a local folder or an S3 bucket, never half a file."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from analysis.services.processes import claim_name, surely_gone

# Below the root of the storage: what is being written. A name there is that of its writer.
ASIDE = ".aside"
SLASH = "~"  # stands for the slashes in it
LONGEST = timedelta(days=1)


def write(name: str, data: bytes) -> None:
    """Store ``data`` under ``name``, replacing what was there.

    On a local disk the bytes are written aside and renamed into place, so that a reader, or the
    next attempt of a worker that was killed, sees all of them or none. A bucket does the same by
    itself. Raises ValueError for a name that is not a plain relative path.
    """
    path = _local_path(name)
    if path is None:
        default_storage.save(_checked(name), ContentFile(data))
        return
    with _aside(path, _root()) as aside:
        aside.write_bytes(data)


def copy_in(name: str, source: Path) -> None:
    """Store the content of a local file under ``name``, a piece at a time; else as `write`."""
    path = _local_path(name)
    if path is None:
        with source.open("rb") as file:
            default_storage.save(_checked(name), File(file))
        return
    with _aside(path, _root()) as aside:
        shutil.copyfile(source, aside)


def write_pieces(name: str, pieces: Iterable[bytes]) -> None:
    """Store what comes piece by piece under ``name``; else as `write`."""
    path = _local_path(name)
    if path is None:
        with TemporaryFile() as file:
            file.writelines(pieces)
            file.seek(0)
            default_storage.save(_checked(name), File(file))
        return
    with _aside(path, _root()) as aside, aside.open("wb") as file:
        file.writelines(pieces)


def share(name: str, source: str) -> None:
    """Store what stands under ``source`` under ``name`` too.

    On a local disk both are names of one file, which takes its room once; a bucket keeps a copy.
    Raises FileNotFoundError when nothing stands under ``source``.
    """
    path, first = _local_path(name), _local_path(source)
    if path is None or first is None:
        write(name, read(source))
        return
    try:
        with _aside(path, _root()) as aside:
            aside.hardlink_to(first)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        write(name, read(source))


def read(name: str) -> bytes:
    """Return the bytes stored under ``name``; raise FileNotFoundError when there are none."""
    with default_storage.open(_checked(name)) as file:
        return bytes(file.read())


def pieces(name: str) -> Iterator[bytes]:
    """Give the bytes stored under ``name``; raise FileNotFoundError when there are none."""
    with default_storage.open(_checked(name)) as file:
        yield from file.chunks()


def below(folder: str) -> Iterator[str]:
    """Give the names of all files below a folder, in order; none where there is no such folder."""
    try:
        folders, leaves = default_storage.listdir(_checked(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for leaf in sorted(leaves):
        yield f"{folder}/{leaf}"
    for child in sorted(folders):
        yield from below(f"{folder}/{child}")


def exists(name: str) -> bool:
    """Return whether something is stored under ``name``."""
    return bool(default_storage.exists(_checked(name)))


def local(name: str) -> Path:
    """Return a real path with the content of ``name``, for readers that must seek or map.

    From a bucket the file is fetched once into a cache; a file replaced there is fetched again,
    for its size and time of change are part of the cached name. Raises FileNotFoundError.
    """
    path = _local_path(name)
    if path is None:
        return _cached(name)
    if not path.is_file():
        raise FileNotFoundError(f"{name} is not in the media storage ({settings.MEDIA_ROOT})")
    return path


def remove(name: str) -> None:
    """Delete the file or the whole folder ``name``; nothing there is no error."""
    with suppress(FileNotFoundError, NotADirectoryError):
        folders, leaves = default_storage.listdir(_checked(name))
        for child in [*folders, *leaves]:
            remove(f"{name}/{child}")
    with suppress(FileNotFoundError):
        default_storage.delete(_checked(name))


def sweep(now: datetime) -> int:
    """Delete what killed processes left aside; return how many files there were.

    Left is what a process of this machine that has ended was writing, and anything older than a
    day: nobody writes for so long.
    """
    folders = [folder / ASIDE for folder in (_root(), _cache()) if folder is not None]
    left = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    return sum(_remove_left(path, now) for path in left)


def _remove_left(path: Path, now: datetime) -> bool:
    """Delete one file that was left aside; return whether it was one."""
    with suppress(FileNotFoundError):  # its writer has finished, or another sweep was faster
        # Of a link the time of change says when it was made; the other one is its file's.
        age = now.timestamp() - path.stat().st_ctime
        if surely_gone(path.name.replace(SLASH, "/")) or age > LONGEST.total_seconds():
            path.unlink()
            return True
    return False


@contextmanager
def _aside(path: Path, root: Path | None) -> Iterator[Path]:
    """Give a place to write to; what was written there takes that of ``path``, or is gone.

    All such places are in one folder below ``root``, so that sweeping need not look through
    millions of results. A rename between two file systems fails: one root is one of them.
    """
    aside = (root or path.parent) / ASIDE / claim_name().replace("/", SLASH)
    for folder in (aside.parent, path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _root() -> Path | None:
    """Return the folder of the local storage, None when the storage is remote."""
    path = _local_path(ASIDE)
    return path.parent if path else None


def _cache() -> Path:
    """Return the folder of what was fetched from a remote storage."""
    return Path(settings.VAR) / "cache"


def _checked(name: str) -> str:
    """Return ``name`` if it is a plain relative path with forward slashes."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the name of a result file: use a plain relative path")
    return name


def _local_path(name: str) -> Path | None:
    """Return where ``name`` lies on this machine, None when the storage is remote."""
    try:
        return Path(default_storage.path(_checked(name)))
    except NotImplementedError:
        return None


def _cached(name: str) -> Path:
    """Return the cached download of a file from a remote storage."""
    if not exists(name):
        raise FileNotFoundError(f"{name} is not in the media storage")
    changed = default_storage.get_modified_time(name)
    stamp = f"{default_storage.size(name)}-{int(changed.timestamp())}"
    path = _cache() / f"{name}.{stamp}"
    if not path.is_file():
        with (
            _aside(path, _cache()) as aside,
            default_storage.open(name) as source,
            aside.open("wb") as target,
        ):
            for chunk in source.chunks():
                target.write(chunk)
    return path
