"""Archives: a zip file of tables, files and packs of pictures, with a manifest of all of them.

`tables/NAME.jsonl` has one JSON object a line, `pictures/….tar` many small files in one member, so
that an archive of a million pictures has a few dozen members. `manifest.json` comes last and says
size and sha256 of every member. Everything is written and read in pieces; nothing is unpacked by
its own name and nothing in an archive is ever executed.
"""

import hashlib
import io
import json
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, NoReturn

FORMAT = "unitscope-archive"
VERSION = 1
MANIFEST = "manifest.json"
# Limits of what is read, beside that of all members together: see `Archive`.
MOST_MEMBERS = 100_000
LARGEST_MANIFEST = 64 * 2**20
LONGEST_LINE = 16 * 2**20
LARGEST_PICTURE = 64 * 2**20
SMALLEST_SHARE = 1000  # a member may be so many times as large as it is in the archive
PIECE = 1 << 16
# What broken bytes do to the reader; RuntimeError: a member with a password.
BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)
PLAIN = re.compile(r"[\w.@+\-%~]{1,200}(/[\w.@+\-%~]{1,200}){0,7}")
SHA256 = re.compile(r"[0-9a-f]{64}")


class ArchiveRefused(ValueError):
    """A file that is no archive, is damaged, or cannot be taken; the message says why."""


class Member(NamedTuple):
    """One member as it is written: its name, and its content in pieces."""

    name: str
    pieces: Iterable[bytes]


class Sink(io.RawIOBase):
    """What a zip file is written to: its bytes wait until they are taken."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.waiting: list[bytes] = []

    def writable(self) -> bool:
        """Say that it takes bytes."""
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes."""
        self.waiting.append(bytes(data))
        return len(self.waiting[-1])

    def taken(self, least: int = 1) -> Iterator[bytes]:
        """Give what has come since the last time, in one piece, once it is ``least`` bytes."""
        if sum(map(len, self.waiting)) >= least:
            found, self.waiting = b"".join(self.waiting), []
            yield found


def written(members: Iterable[Member], about: Mapping[str, Any]) -> Iterator[bytes]:
    """Write an archive piece by piece; ``about`` is what its manifest says beside the members.

    Asking for ``about`` is left to the end, so it may be filled while the members are written.
    """
    sink, listed = Sink(), {}
    with zipfile.ZipFile(sink, "w", allowZip64=True) as file:
        for member in members:
            digest, size = hashlib.sha256(), 0
            with file.open(_entry(member.name), "w", force_zip64=True) as out:
                for piece in member.pieces:
                    digest.update(piece)
                    size += len(piece)
                    out.write(piece)
                    yield from sink.taken(PIECE)
            listed[member.name] = {"bytes": size, "sha256": digest.hexdigest()}
        head = {"format": FORMAT, "version": VERSION, "content": content_of(listed)}
        manifest = head | dict(about) | {"members": listed}
        with file.open(_entry(MANIFEST), "w", force_zip64=True) as out:
            out.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    yield from sink.taken()


def content_of(members: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the sha256 over names and hashes of all members: the same content, the same digits."""
    lines = sorted(f"{name} {about['sha256']}\n" for name, about in members.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> Member:
    """Return a table as a member; keys are sorted, so the same rows are the same bytes."""
    spelt = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False)
    return Member(f"tables/{name}.jsonl", (f"{spelt.encode(row)}\n".encode() for row in rows))


def pack(name: str, files: Iterable[tuple[str, bytes]]) -> Member:
    """Return many small files as one member, an uncompressed tar file."""
    return Member(name, _packed(files))


def _packed(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    sink = Sink()
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as file:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
            yield from sink.taken(PIECE)
    yield from sink.taken()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return the head of a member, with no trace of when it was written."""
    entry = zipfile.ZipInfo(name)
    small = name.endswith((".jsonl", ".json"))
    entry.compress_type = zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED
    entry.external_attr = 0o644 << 16
    return entry


class Archive:
    """An archive to read. `check` it before anything in it is believed."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        """Open a file and read its manifest.

        Raises:
            ArchiveRefused: it is no archive of a version that can be read, or larger than
                ``most_bytes`` once unpacked, or has members that it must not have.
        """
        self.name = path.name
        try:
            self.file = zipfile.ZipFile(path)
        except FileNotFoundError as error:
            raise ArchiveRefused(f"There is no file {path}.") from error
        except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
            raise ArchiveRefused(
                f"{path.name} is no zip file, or not all of it: {error}."
            ) from error
        self.entries = self._entries(most_bytes)
        self.manifest = self._manifest()
        self.members: dict[str, dict[str, Any]] = self.manifest["members"]
        self._insist_on_members()

    def __enter__(self) -> "Archive":
        """Use it in a ``with``."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.file.close()

    @property
    def content(self) -> str:
        """The sha256 over all that it holds: two exports of the same things have the same."""
        return content_of(self.members)

    def check(self) -> None:
        """Read all of it once and compare every byte with the manifest; raises ArchiveRefused."""
        for name, about in self.members.items():
            digest, size = hashlib.sha256(), 0
            for piece in self.pieces(name):
                digest.update(piece)
                size += len(piece)
            if (size, digest.hexdigest()) != (about["bytes"], about["sha256"]):
                raise ArchiveRefused(f"{name} in {self.name} is not what the manifest says.")

    def pieces(self, name: str) -> Iterator[bytes]:
        """Give a member's bytes."""
        try:
            with self.file.open(name) as member:
                while piece := member.read(PIECE):
                    yield piece
        except BROKEN as error:
            raise ArchiveRefused(f"{name} in {self.name} cannot be read: {error}.") from error

    def below(self, folder: str) -> list[str]:
        """Return the members below a folder, in their order."""
        return [name for name in self.members if name.startswith(f"{folder}/")]

    def rows(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give the rows of a table, each with its place in words; none without such a table."""
        member = f"tables/{name}.jsonl"
        if member not in self.members:
            return
        with self.file.open(member) as lines:
            number = 0
            while line := lines.readline(LONGEST_LINE + 1):
                number += 1
                yield f"{member}, line {number}", an_object(line, f"{member}, line {number}")

    def packed(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Give the files of a pack: names as they stand there, never used as paths."""
        try:
            with self.file.open(name) as member, tarfile.open(fileobj=member, mode="r|") as file:
                for entry in file:
                    if not entry.isfile() or entry.size > LARGEST_PICTURE:
                        raise ArchiveRefused(f"{name}: {entry.name[:100]!r} is no small file.")
                    yield entry.name, _content(file, entry)
        except (tarfile.TarError, EOFError) as error:
            raise ArchiveRefused(f"{name} in {self.name} cannot be read: {error}.") from error

    def _entries(self, most_bytes: int) -> dict[str, zipfile.ZipInfo]:
        """Return the zip file's own list, once it is found harmless."""
        found = {entry.filename: entry for entry in self.file.infolist()}
        if len(found) < len(self.file.infolist()) or len(found) > MOST_MEMBERS:
            raise ArchiveRefused(
                f"{self.name} names a member twice, or has more than {MOST_MEMBERS:,}."
            )
        for name, entry in found.items():
            if not PLAIN.fullmatch(name) or ".." in PurePosixPath(name).parts:
                raise ArchiveRefused(f"{self.name} has a member {name[:100]!r}: no plain path.")
            if entry.file_size > SMALLEST_SHARE * entry.compress_size + PIECE:
                raise ArchiveRefused(f"{name} in {self.name} unpacks to {entry.file_size:,} bytes.")
        total = sum(entry.file_size for entry in found.values())
        if total > most_bytes:
            raise ArchiveRefused(
                f"{self.name} unpacks to {total / 2**30:,.1f} GiB, more than the"
                f" {most_bytes / 2**30:,.1f} GiB that may be: say --most-gb if that is right."
            )
        return found

    def _manifest(self) -> dict[str, Any]:
        """Return what the manifest says."""
        if MANIFEST not in self.entries:
            raise ArchiveRefused(
                f"{self.name} has no {MANIFEST}: it is no archive of Unitscope, or not all of it."
            )
        if self.entries[MANIFEST].file_size > LARGEST_MANIFEST:
            raise ArchiveRefused(f"The manifest of {self.name} is too large.")
        try:
            found = json.loads(b"".join(self.pieces(MANIFEST)))
        except (ValueError, RecursionError) as error:
            raise ArchiveRefused(f"The manifest of {self.name} is no JSON.") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ArchiveRefused(f"{self.name} is no archive of Unitscope.")
        if found.get("version") != VERSION:
            raise ArchiveRefused(
                f"{self.name} is an archive of version {str(found.get('version'))[:20]}; this"
                f" Unitscope reads version {VERSION}: use a newer one."
            )
        if not isinstance(found.get("members"), dict):
            raise ArchiveRefused(f"The manifest of {self.name} lists no members.")
        return found

    def _insist_on_members(self) -> None:
        """Refuse an archive that has other members than its manifest says."""
        for name, about in self.members.items():
            right = isinstance(about, dict) and isinstance(about.get("bytes"), int)
            if not right or not SHA256.fullmatch(str(about.get("sha256"))):
                raise ArchiveRefused(f"The manifest of {self.name} says nothing of {name[:100]!r}.")
            if name not in self.entries:
                raise ArchiveRefused(f"{self.name} lacks {name[:100]!r}, which its manifest names.")
            if self.entries[name].file_size != about["bytes"]:
                raise ArchiveRefused(f"{name} in {self.name} is not what the manifest says.")
        if more := self.entries.keys() - self.members.keys() - {MANIFEST}:
            raise ArchiveRefused(f"{self.name} holds {min(more)!r}, which its manifest leaves out.")


def an_object(line: bytes, where: str) -> dict[str, Any]:
    """Return the JSON object that a line, or a small file, is; ``where`` names it.

    Raises:
        ArchiveRefused: it is none, too long, or holds what no table can.
    """
    if len(line) > LONGEST_LINE:
        raise ArchiveRefused(f"{where} is longer than {LONGEST_LINE:,} bytes.")
    try:
        found = json.loads(line, parse_constant=_no_number, parse_float=_finite)
        # Halves of characters and null characters: no table can hold one, at any depth.
        broken = b"\\u" in line and "\\u0000" in _spelt(found)
    except (ValueError, RecursionError) as error:
        raise ArchiveRefused(f"{where} is no JSON.") from error
    if broken:
        raise ArchiveRefused(f"{where} holds a null character.")
    if not isinstance(found, dict):
        raise ArchiveRefused(f"{where} is no object.")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    """Return a number; one of too many digits reads as infinite, which no answer can say."""
    found = float(digits)
    return found if isfinite(found) else _no_number(digits[:40])


def _spelt(found: Any) -> str:
    """Return what was read as JSON again; raises ValueError for halves of characters."""
    spelt = json.dumps(found, ensure_ascii=False)
    spelt.encode()
    return spelt


def _content(file: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    out = file.extractfile(entry)
    return out.read() if out is not None else b""
