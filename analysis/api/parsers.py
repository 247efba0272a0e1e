"""Bodies of requests, refused before they are read when they are too long."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import ParseError

from analysis.api.errors import TooLarge

MEGABYTE = 1024 * 1024


def insist_on_length(context: Mapping[str, Any] | None, most: int) -> None:
    """Raise TooLarge if the request declares more than ``most`` bytes.

    A body without a declared length does not reach us: the server hands on an empty one.
    """
    declared = context["request"].META.get("CONTENT_LENGTH") if context else None
    if declared and int(declared) > most:
        raise TooLarge(f"The body has {declared} bytes, and {most} are the most taken here.")


class JSONParser(parsers.JSONParser):
    """JSON of limited length and depth."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the parsed body."""
        insist_on_length(parser_context, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


class UploadParser(parsers.MultiPartParser):
    """A form with a file of limited length; nested fields come as JSON text."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed form and its files."""
        insist_on_length(parser_context, settings.UPLOAD_MAX_MB * MEGABYTE)
        return super().parse(stream, media_type, parser_context)


def loads(text: str, name: str) -> Any:
    """Read a form field that holds JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ParseError(f"The field {name} must hold JSON.") from None
