"""Figures laid into the pages of a PDF, as vectors with their text as text."""

import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, cast

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    PdfObject,
)

from analysis.services import drawings


class Place(NamedTuple):
    """Where a figure stands: page from 0, lower left corner and size in points."""

    page: int
    x: float
    y: float
    width: float
    height: float
    key: str


def size_of(svg: str) -> tuple[float, float]:
    """Return width and height of a drawing in its own units.

    Raises:
        ValueError: the drawing does not say.
    """
    found = re.search(r'<svg[^>]* width="([0-9.]+)" height="([0-9.]+)"', svg)
    if found is None:
        raise ValueError("the drawing does not say how large it is")
    return float(found[1]), float(found[2])


def laid_in(pages: bytes, places: Iterable[Place], svgs: Mapping[str, str], now: datetime) -> bytes:
    """Return the pages with every drawing in its place; ``now`` becomes their date."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pages)))
    for number, place in enumerate(places):
        _lay(writer, place, svgs[place.key], f"/Figure{number}")
    date = now.strftime("D:%Y%m%d%H%M%S+00'00'")
    writer.add_metadata({"/CreationDate": date, "/ModDate": date})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _in_order(resources: PdfObject) -> PdfObject:
    """Return a page's resources by name: the drawing library writes them in any order."""
    for part in cast("DictionaryObject", resources).values():
        named = part.get_object()
        if isinstance(named, DictionaryObject):
            entries = sorted(dict.items(named))
            named.clear()
            named.update(entries)
    return resources


def _lay(writer: PdfWriter, place: Place, svg: str, name: str) -> None:
    """Make a drawing a form of the document, and show it at its place.

    By hand, because the library's own way names what it merges by chance.
    """
    drawn = PdfReader(io.BytesIO(drawings.svg_to_pdf(svg))).pages[0]
    box = drawn.mediabox
    form = DecodedStreamObject()
    contents = drawn.get_contents()
    form.set_data(b"" if contents is None else contents.get_data())
    form.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject(FloatObject(value) for value in box),
            NameObject("/Resources"): _in_order(drawn["/Resources"]).clone(writer),
        }
    )
    page = writer.pages[place.page]
    forms = _part(_part(page, "/Resources"), "/XObject")
    forms[NameObject(name)] = writer._add_object(form.flate_encode())
    wide, high = place.width / float(box.width), place.height / float(box.height)
    show = f"q {wide:.5f} 0 0 {high:.5f} {place.x:.3f} {place.y:.3f} cm {name} Do Q"
    _append(writer, page, show.encode())


def _part(whole: DictionaryObject, name: str) -> DictionaryObject:
    """Return a dictionary within another, made where it is not there."""
    if name not in whole:
        whole[NameObject(name)] = DictionaryObject()
    return cast("DictionaryObject", whole[name].get_object())


def _append(writer: PdfWriter, page: DictionaryObject, more: bytes) -> None:
    """Draw something after all else that stands on a page."""
    stream = DecodedStreamObject()
    stream.set_data(b"\n" + more + b"\n")
    before = page.raw_get("/Contents")
    parts = before.get_object()
    listed = list(parts) if isinstance(parts, ArrayObject) else [before]
    page[NameObject("/Contents")] = ArrayObject([*listed, writer._add_object(stream)])
