"""The data of a report told to machines: Croissant 1.0 of MLCommons, as JSON-LD.

Every table is named twice, as CSV and as Parquet; its record set reads the CSV.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from analysis.services.report_data import Sheet, Typed

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
# As the specification has it, word for word.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
TYPES: dict[Any, str] = {
    str: "sc:Text",
    int: "sc:Integer",
    float: "sc:Float",
    bool: "sc:Boolean",
    datetime: "sc:DateTime",
}
FORMATS = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}


class About(NamedTuple):
    """What is said of the data as a whole."""

    name: str
    description: str
    licence: str
    citation: str
    version: str
    date: str
    marks: Sequence[str] = ()


class Hashed(NamedTuple):
    """A file of the report: its name below the folder, bytes and sha256."""

    name: str
    size: int
    sha256: str


def hashed(folder: Path, name: str) -> Hashed:
    """Return a file's size and hash, read a piece at a time."""
    path = folder / name
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Hashed(name, path.stat().st_size, digest)


def metadata(about: About, sheets: Sequence[Sheet], found: Sequence[Hashed]) -> dict[str, Any]:
    """Return the metadata; ``found`` are the hashes of the files of ``sheets``, in any order."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": about.name,
        "description": about.description,
        "license": about.licence,
        "citeAs": about.citation,
        "version": about.version,
        "datePublished": about.date,
        "isLiveDataset": False,
        "keywords": ["interpretability", "units", "receptive fields", *about.marks],
        "distribution": [_file(one) for one in sorted(found)],
        "recordSet": [_records(sheet) for sheet in sheets if sheet.rows],
    }


def _file(one: Hashed) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": one.name,
        "name": one.name,
        "contentUrl": one.name,
        "contentSize": f"{one.size} B",
        "encodingFormat": FORMATS[Path(one.name).suffix],
        "sha256": one.sha256,
    }


def _records(sheet: Sheet) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": sheet.name,
        "name": sheet.name,
        "description": f"{sheet.summary} ({sheet.on}).",
        "field": [_field(sheet, column) for column in sheet.columns],
    }


def _field(sheet: Sheet, column: Typed) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{sheet.name}/{column.name}",
        "name": column.name,
        "description": column.words,
        "dataType": TYPES[column.kind],
        "source": {
            "fileObject": {"@id": f"data/{sheet.name}.csv"},
            "extract": {"column": column.name},
        },
    }
