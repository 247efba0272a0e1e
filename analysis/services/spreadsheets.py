"""Text that a spreadsheet would run as a formula, made harmless and back again."""

import re

# What opens a formula in Excel, LibreOffice or Google Sheets, with the full-width, small and
# mathematical variants that some of them fold together: = + - @, after blanks or not. Tab, line
# feed and carriage return can push the rest of a cell into the next one.
OPENERS = "=+\\-@" + "＝＋－＠" + "﹦﹢﹣﹫" + "\u2212"
# Apostrophes before it are part of the pattern: so what is marked can always be unmarked.
LIVE = re.compile(rf"'*(?:[\t\r\n]|\s*[{OPENERS}])")


def neutralise(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run; leave all other text alone."""
    return f"'{text}" if LIVE.match(text) else text


def restore(text: str) -> str:
    """Undo `neutralise`: ``restore(neutralise(text)) == text`` for every text."""
    return text[1:] if text.startswith("'") and LIVE.match(text[1:]) else text
