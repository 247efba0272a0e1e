"""Bodies of requests, refused before they are read when they are too long."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from analysis.api.errors import TooLarge

MEGABYTE = 1_000_000


def insist_on_length(request: Request, longest: int | None = None) -> None:
    """Raise TooLarge if the body is longer than its kind, or this address, may have it.

    A body without a declared length does not reach us: the server hands on an empty one.
    """
    uploads = (request.content_type or "").startswith("multipart/")
    # A form needs some room beside the file in it.
    upload = settings.UPLOAD_MAX_MB * MEGABYTE + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    most = longest or (upload if uploads else settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    declared = int(request.META.get("CONTENT_LENGTH") or 0)
    if declared > most:
        raise TooLarge(f"The body has {declared:,} bytes; {most:,} are the most taken here.")


def insist_on_text(value: Any) -> None:
    """Raise ParseError for half of a surrogate pair: it can be neither stored nor sent back."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ParseError("The JSON holds half of a character (a lone surrogate).") from None


class JSONParser(parsers.JSONParser):
    """JSON of limited depth, all of whose texts are text."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the parsed body."""
        try:
            body = super().parse(stream, media_type, parser_context)
            insist_on_text(body)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        return body


class ImageParser(parsers.BaseParser):
    """An image as the whole body."""

    media_type = "image/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the bytes as the field ``image``; the endpoint has looked at their number."""
        return {"image": BytesIO(stream.read())}


class BytesParser(ImageParser):
    """The same, of a sender that does not say what the bytes are."""

    media_type = "application/octet-stream"
