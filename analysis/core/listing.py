"""The files of a folder joined with its scenes.csv, in order, with flat memory.

Two layouts are known. With `images/` beside scenes.csv, `masks/` or labels.json, or alone:

    images/**   scenes.csv (image,scene[,mask])   masks/**   labels.json

and otherwise one folder for each scene. Ten million names are too many to hold: the join is done
by SQLite in a temporary file.
"""

import csv
import json
import os
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH_MAX, SCENE_MAX = 1000, 200
# Read whole, or a line at a time; ten million lines of scenes.csv have less.
TABLE_MAX = {"labels.json": 16_000_000, "scenes.csv": 16_000_000_000}
UNSEEN = {"thumbs.db", "desktop.ini"}  # and whatever begins with a dot
BESIDE = ("scenes.csv", "labels.json", "masks")


class ListingRefused(ValueError):
    """A folder cannot be an image set as it stands; the message says why and what to do."""


@dataclass(frozen=True)
class Listed:
    """A file that may be an image, and what is said of it; paths below the root."""

    path: str
    mask: str
    scene: str


@dataclass(frozen=True)
class Refused:
    """A path that is left out, or a mask, and why."""

    path: str
    reason: str


class Listing:
    """What is to be read of a folder: `files()` in order of their paths, and `refused`."""

    def __init__(self, root: Path, place: Path) -> None:
        """List a folder, with a database at ``place``.

        Raises:
            ListingRefused: the folder, scenes.csv or labels.json cannot be used.
        """
        self.root = root
        if not root.is_dir():
            raise ListingRefused(f"There is no folder {root}.")
        self.images, self.masks = folders_of(root)
        insist_inside(root)
        self.labels = labels_of(root / "labels.json") if self.images else {}
        if self.masks and not self.labels:
            raise ListingRefused(
                "masks/ needs labels.json beside it: "
                '{"void_index": 39, "classes": [{"index": 0, "name": "wall"}, ...]}.'
            )
        self.database = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
        self.database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE file (path TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID;"
            "CREATE TABLE told (key TEXT PRIMARY KEY, line INT, path TEXT, mask TEXT, scene TEXT)"
            " WITHOUT ROWID;"
            "CREATE TABLE refused (path TEXT, reason TEXT);"
        )
        self._walk()
        self.told = self.images != "" and (root / "scenes.csv").is_file()
        if self.told:
            self._read_scenes(root / "scenes.csv")
        self.database.execute("CREATE INDEX by_key ON file (key)")

    def __len__(self) -> int:
        """Return the number of files to read."""
        return int(self.database.execute("SELECT COUNT(*) FROM file").fetchone()[0])

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def files(self) -> Iterator[Listed]:
        """Yield what may be an image, sorted by path."""
        rows = self.database.execute(
            "SELECT file.path, told.mask, told.scene FROM file LEFT JOIN told USING (key)"
            " ORDER BY file.path"
        )
        for path, mask, scene in rows:
            inside = path.removeprefix(f"{self.images}/")
            yield Listed(path, self._mask(inside, mask), self._scene(inside, scene))

    def refused(self) -> Iterator[Refused]:
        """Yield what was left out before any file was opened."""
        for path, reason in self.database.execute("SELECT path, reason FROM refused"):
            yield Refused(path, reason)
        rows = self.database.execute(
            "SELECT told.path, told.line FROM told LEFT JOIN file USING (key)"
            " WHERE file.key IS NULL ORDER BY told.line"
        )
        for path, line in rows:
            yield Refused(path, f"line {line} of scenes.csv names it, but there is no such file")

    def _walk(self) -> None:
        for path, reason in walk(self.root, self.images):
            if reason:
                self._refuse(path, reason)
            else:
                self.database.execute("INSERT INTO file VALUES (?, ?)", (path, key_of(path)))

    def _read_scenes(self, path: Path) -> None:
        for line, row in rows_of(path):
            image = f"{self.images}/{row['image']}"
            mask = f"{self.masks}/{row['mask']}" if self.masks and row.get("mask") else ""
            if len(row["scene"]) > SCENE_MAX:
                self._refuse(image, f"line {line} of scenes.csv: its scene is too long")
                row["scene"] = ""
            new = self.database.execute(
                "INSERT OR IGNORE INTO told VALUES (?, ?, ?, ?, ?)",
                (key_of(image), line, image, mask, row["scene"]),
            )
            if not new.rowcount:
                self._refuse(image, f"line {line} of scenes.csv names it again; the first counts")

    def _mask(self, inside: str, told: str | None) -> str:
        """Return the mask that scenes.csv names, else the one of the same name, if there is."""
        if told or not self.masks or (self.told and told is not None):
            return told or ""
        same = f"{self.masks}/{os.path.splitext(inside)[0]}.png"  # noqa: PTH122 - no real path
        return same if (self.root / same).is_file() else ""

    def _scene(self, inside: str, told: str | None) -> str:
        """Return the scene that scenes.csv names, else that of the first folder."""
        if self.told:
            return told or ""
        scene, folder, _ = inside.partition("/")
        return scene[:SCENE_MAX] if folder else ""

    def _refuse(self, path: str, reason: str) -> None:
        self.database.execute("INSERT INTO refused VALUES (?, ?)", (path, reason))


def folders_of(root: Path) -> tuple[str, str]:
    """Return the folders of images and masks; nothing for one folder a scene.

    Raises:
        ListingRefused: images or masks is a link to somewhere else.
    """
    images, masks = root / "images", root / "masks"
    if not images.is_dir():
        return "", ""
    others = [one for one in root.iterdir() if one.is_dir() and one.name[0] != "."]
    if others != [images] and not any((root / name).exists() for name in BESIDE):
        return "", ""  # a scene that happens to be called images
    for folder in (images, masks):
        if folder.exists() and not folder.resolve().is_relative_to(root.resolve()):
            raise ListingRefused(
                f"{folder.name}/ is a link out of {root.name}/: give the folder that it leads to."
            )
    return "images", "masks" if masks.is_dir() else ""


def insist_inside(root: Path) -> None:
    """Refuse tables that are links out of the folder: an error in one shows what it holds.

    Raises:
        ListingRefused: names the file.
    """
    for name in ("scenes.csv", "labels.json"):
        file = root / name
        if file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
            raise ListingRefused(f"{name} is a link out of {root.name}/: put the file there.")
        if file.is_file() and file.stat().st_size > TABLE_MAX[name]:
            raise ListingRefused(f"{name} is larger than {TABLE_MAX[name]:,} bytes.")


def without_controls(text: str) -> str:
    """Return a name without control characters and halves of surrogates, which no row can hold."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cs"))


def walk(root: Path, inside: str) -> Iterator[tuple[str, str]]:
    """Yield the path of every file below root/inside, and a reason for those left out.

    Links to folders are not followed, so that no loop has to be met; links to files are judged
    when they are opened.
    """
    todo = [inside]
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(root / folder) as found:
                entries = [(entry.name, entry) for entry in found]
        except OSError as error:
            yield folder, f"the folder cannot be read ({error.strerror})"
            continue
        for name, entry in entries:
            path = f"{folder}/{name}" if folder else name
            if name.startswith(".") or name.lower() in UNSEEN:
                continue
            if reason := unusable(path, entry):
                yield path.encode("utf-8", "backslashreplace").decode(), reason
            elif entry.is_dir(follow_symlinks=False):
                todo.append(path)
            else:
                yield path, ""


def unusable(path: str, entry: os.DirEntry[str]) -> str:
    """Return why an entry of a folder is left out before it is opened, or nothing."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if len(path) > PATH_MAX:
        return f"its path is longer than {PATH_MAX} letters"
    if entry.is_symlink():
        try:
            return "a link to a folder is not followed" if entry.is_dir() else ""
        except OSError:
            return "its path cannot be followed (a loop of links?)"
    if not entry.is_file() and not entry.is_dir():
        return "it is not a regular file"
    return ""


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and values of every row of scenes.csv, blanks removed.

    Raises:
        ListingRefused: it is no such table; names the line or the column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, closing(file):
            table = csv.DictReader(file)
            columns = [name.strip() for name in table.fieldnames or []]
            if absent := [name for name in ("image", "scene") if name not in columns]:
                raise ListingRefused(
                    f"scenes.csv has no column {' and no column '.join(absent)}: its columns are "
                    f"{', '.join(columns)[:200] or 'none'}. The first line must name image, scene "
                    "and, with masks, mask."
                )
            table.fieldnames = columns
            for row in table:
                values = {
                    name: without_controls(row[name] or "").strip()
                    for name in columns
                    if name in row
                }
                if values["image"]:
                    yield table.line_num, values
    except csv.Error as error:
        raise ListingRefused(f"scenes.csv is no table of commas: {error}.") from error
    except UnicodeDecodeError as error:
        raise ListingRefused("scenes.csv is not UTF-8: save it so.") from error


def labels_of(path: Path) -> dict[str, Any]:
    """Return {"void_index": n or none, "classes": [{"index", "name"}, ...]}; empty without a file.

    Raises:
        ListingRefused: it is not that.
    """
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text("utf-8-sig"))
        classes: list[dict[str, Any]] = [
            {"index": int(one["index"]), "name": without_controls(str(one["name"]))}
            for one in found["classes"]
        ]
        void = found.get("void_index")
        labels = {"void_index": None if void is None else int(void), "classes": classes}
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ListingRefused(
            f"labels.json is not understood ({type(error).__name__}: {error}). It needs "
            '{"void_index": 39, "classes": [{"index": 0, "name": "wall"}, ...]}.'
        ) from error
    indexes = [one["index"] for one in classes]
    if len(set(indexes)) != len(indexes) or min(indexes, default=-1) < 0:
        raise ListingRefused("labels.json needs classes, each with an index of its own from 0.")
    return labels


def key_of(path: str) -> str:
    """Return a path as names are compared: a letter and its accent may be one sign or two."""
    return unicodedata.normalize("NFC", path)
