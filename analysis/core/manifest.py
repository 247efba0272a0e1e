"""The list of an image set's images: a Parquet file read a slice at a time, so memory is flat."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# Images in one row group: what is held in memory at a time, and the unit of random access.
GROUP = 4096
SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("mask", pa.string()),
        ("scene", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("digest", pa.binary(16)),
    ]
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One image: its number is its place in the manifest, its paths lie below the set's root."""

    number: int
    path: str
    mask: str  # empty where the image has none
    scene: str  # empty where it is not known
    width: int  # upright, after the orientation tag
    height: int
    digest: bytes  # first 16 bytes of sha256 over the image's bytes, then the mask's


class Manifest:
    """A manifest on the local disk: its length, its entries in order, and one by its number."""

    def __init__(self, path: Path) -> None:
        """Open the file; only its index is read.

        Raises:
            FileNotFoundError: there is no such file.
        """
        self.file = pq.ParquetFile(path, memory_map=True)
        self.held: tuple[int, list[dict[str, Any]]] = (-1, [])

    def __len__(self) -> int:
        """Return the number of images."""
        return int(self.file.metadata.num_rows)

    def __getitem__(self, number: int) -> Entry:
        """Return one image; those of the same group after it cost next to nothing.

        Raises:
            IndexError: there is no such number.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"There is no image {number} among {len(self)}.")
        return Entry(number=number, **self._group(number // GROUP)[number % GROUP])

    def entries(self, first: int = 0, last: int | None = None) -> Iterator[Entry]:
        """Yield images first..last-1 in order."""
        for number in range(first, len(self) if last is None else min(last, len(self))):
            yield self[number]

    def _group(self, number: int) -> list[dict[str, Any]]:
        if self.held[0] != number:
            self.held = number, self.file.read_row_group(number).to_pylist()
        return self.held[1]


class ManifestWriter:
    """Writes a manifest entry by entry and counts on the way; use it in a `with` block."""

    def __init__(self, path: Path) -> None:
        """Start an empty manifest at ``path``."""
        self.file = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        self.rows: list[dict[str, Any]] = []
        self.count = self.masks = 0
        self.scenes: Counter[str] = Counter()
        self.sha256 = hashlib.sha256()

    def __enter__(self) -> "ManifestWriter":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left and close the file."""
        self._write()
        self.file.close()

    def add(self, entry: Entry) -> None:
        """Append an image; its number must be the next one.

        Raises:
            ValueError: the numbers have a gap.
        """
        if entry.number != self.count:
            raise ValueError(f"Image {entry.number} follows {self.count - 1} images: a gap.")
        row = {name: getattr(entry, name) for name in SCHEMA.names}
        # Over the rows, not the file: another version of the Parquet writer changes no key.
        told = {**row, "digest": entry.digest.hex()}
        self.sha256.update(json.dumps(told, sort_keys=True).encode() + b"\n")
        self.rows.append(row)
        self.count += 1
        self.masks += bool(entry.mask)
        self.scenes.update([entry.scene] if entry.scene else [])
        if len(self.rows) == GROUP:
            self._write()

    def fingerprint(self, labels: dict[str, Any]) -> str:
        """Return the sha256 over every entry and the meaning of the masks' indexes."""
        whole = self.sha256.copy()
        whole.update(json.dumps(labels, sort_keys=True).encode())
        return whole.hexdigest()

    def _write(self) -> None:
        if self.rows:
            self.file.write_table(pa.Table.from_pylist(self.rows, SCHEMA), row_group_size=GROUP)
            self.rows = []
