"""Says in the reader's language what core and rows know in English only."""

from django.utils.translation import gettext, pgettext

from annotate.core.sentences import Sentence
from annotate.models import Campaign


def say(error: object) -> str:
    """Return a sentence, or that of an exception, in the active language.

    What does not remember how it was made is returned as it is.
    """
    told = error.args[0] if isinstance(error, Exception) and error.args else error
    if not isinstance(told, Sentence):
        return str(told)
    template = gettext(told.template)
    return template % told.values if told.values else template


def state_of(campaign: Campaign) -> str:
    """Return whether the campaign is open, paused or closed, as a word within a sentence."""
    words = {
        Campaign.State.OPEN: pgettext("campaign", "open"),
        Campaign.State.PAUSED: pgettext("campaign", "paused"),
        Campaign.State.CLOSED: pgettext("campaign", "closed"),
    }
    return words[Campaign.State(campaign.state)]
