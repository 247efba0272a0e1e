"""Free text of several lines as people write it, made safe to keep and to show."""

import unicodedata

from annotate.core.words import JOINERS


def clean_text(text: str, longest: int, what: str) -> str:
    """Return the text as it is stored: NFC, its own lines, no control or disguising characters.

    Raises:
        ValueError: nothing is left of ``what``, or it has more than ``longest`` characters.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (" ".join(_plain(line).split()) for line in text.split("\n"))
    text = "\n".join(lines).strip()
    if not text:
        raise ValueError(f"Write {what}.")
    if len(text) > longest:
        raise ValueError(f"Shorten {what} to {longest} characters; it has {len(text)}.")
    return text


def _plain(line: str) -> str:
    """Return a line without what cannot be seen."""
    line = "".join(" " if char.isspace() else char for char in line)
    return "".join(char for char in line if char in JOINERS or unicodedata.category(char)[0] != "C")
