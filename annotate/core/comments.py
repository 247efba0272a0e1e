"""What people write to each other in review: made safe to show and to keep."""

import unicodedata

from annotate.core.words import JOINERS


def clean_comment(text: str) -> str:
    """Return plain text: NFC, its lines kept, no control or disguising characters, no wide gaps."""
    cleaned = [_clean_line(line) for line in unicodedata.normalize("NFC", text).splitlines()]
    kept = [
        line
        for line, before in zip(cleaned, ["", *cleaned], strict=False)
        if line or before  # no more than one empty line between two others
    ]
    return "\n".join(kept).strip()


def _clean_line(line: str) -> str:
    """Return one line without what cannot be seen."""
    line = "".join(" " if char.isspace() else char for char in line)
    kept = (char for char in line if char in JOINERS or unicodedata.category(char)[0] != "C")
    return " ".join("".join(kept).split())
