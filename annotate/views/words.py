"""The sentences that scripts of the worker's pages say, in the reader's language."""

import json
from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

# Each stands in static/js/label in just these words; a test compares.
SENTENCES = (
    _("1 answer is kept in this browser, to be sent when the connection is back."),
    _("1 answer kept in this browser was sent."),
    _("1 picture failed to load and will not be scored."),
    _(
        "An answer kept here belongs to a worker who is not signed in now, or its unit is gone. "
        "It is still kept."
    ),
    _("An answer kept here could not be taken."),
    _("An answer kept here was not let in. Open the campaign’s link again; it is still kept."),
    _("An answer kept here was not taken; it is a draft again, under “Go on”."),
    _("Answer"),
    _("Back to the images"),
    _("Go on"),
    _("Image {number}"),
    _("Image {number} does not fit"),
    _("Image {number} failed to load and is not scored"),
    _("Its unit is no longer there for you."),
    _("Newer marks from another device were loaded."),
    _("No connection: your answer is kept in this browser and is sent by itself when it is back."),
    _("Not saved yet: it will be sent when the connection is back."),
    _("Not sent: no connection. Press Submit again when it is back."),
    _("The server did not take the answer: reload the page and try again."),
    _("The time for this unit has ended. It may still be free: keep it, or submit."),
    _("This unit goes back to others soon, since nothing was done here for a while."),
    _("You are signed out. Sign in again: what you answered is kept here and will be sent."),
    _("You changed the answer that was kept: press Submit again to send it."),
    _("Your marks cannot be saved from this page any longer: reload it."),
    _("saved"),
    _("{number} answers are kept in this browser, to be sent when the connection is back."),
    _("{number} answers kept in this browser were sent."),
    _("{number} of {total}"),
    _("{number} pictures failed to load and will not be scored."),
)


def for_scripts() -> SafeString:
    """Return a data block for the page; nothing in English, which the scripts speak themselves."""
    return _block(get_language() or "en")


@lru_cache
def _block(language: str) -> SafeString:
    """Return the data block of a language; a data block is no script, and the policy lets it by."""
    said = {sentence: gettext(sentence) for sentence in SENTENCES}
    told = {sentence: words for sentence, words in said.items() if words != sentence}
    if not told:
        return SafeString("")
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return mark_safe(f'<script type="application/json" id="words">{text}</script>')
