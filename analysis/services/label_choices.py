"""Whose labels a page shows, as its address asks for them, and what else there is to choose."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from analysis.models import Network, Source
from analysis.services import meanings
from analysis.services.atlas import SOURCES
from analysis.services.meanings import ANSWER, BY, THRESHOLD, UNIT, Label, Wanted
from analysis.services.statistics import OF_LABELS

# The words of an address, as `QueryDict` has them; what makes no sense asks for the usual.
Asked = Mapping[str, str]


class Choice(NamedTuple):
    """Whose labels are shown, how they are counted, and what else there is to choose."""

    wanted: Wanted
    by: str  # answer, or unit
    labels: list[Label]
    sources: list[Source]
    campaigns: list[str]


def labels_chosen(network: Network, asked: Asked) -> Choice | None:
    """Return the labels that are asked for, or the usual ones; None where there are none."""
    origins = meanings.origins(network)
    sources = [source for source in SOURCES if source in origins]
    if not sources:
        return None
    source = next((one for one in sources if one == asked.get("source")), sources[0])
    campaign = next((one for one in origins[source] if one == asked.get("campaign")), "")
    share = meanings.share_of(asked.get("threshold", ""))
    wanted = Wanted(network, source, campaign, THRESHOLD if share is None else round(share, 2))
    labels = meanings.labels_of(wanted)
    usual = ANSWER if any(label.answers for label in labels) else UNIT
    by = next((one for one in BY if one == asked.get("by")), usual)
    return Choice(wanted, by, labels, sources, origins[source])


def answers_chosen(network: Network, asked: Asked) -> Choice | None:
    """Return the labels that the figures on meanings count, as `labels_chosen` does.

    Unless a machine's are asked for by name, any others come before them: a machine says neither
    group nor precision, and all but one of these figures would be empty.
    """
    choice = labels_chosen(network, asked)
    if choice is None or asked.get("source") in choice.sources:
        return choice
    said = [one for one in choice.sources if one != Source.MACHINE]
    if choice.wanted.source != Source.MACHINE or not said:
        return choice
    return labels_chosen(network, {**asked, "source": said[0]})


def table_of_labels(statistic: str, wanted: Wanted) -> str:
    """Return the address of a statistic of labels as CSV."""
    asked = {"network": wanted.network.slug, "source": wanted.source}
    if wanted.campaign:
        asked["campaign"] = wanted.campaign
    if OF_LABELS[statistic].uses_threshold:
        asked["threshold"] = f"{wanted.threshold:g}"
    return f"{reverse('api-statistics-csv', args=[statistic])}?{urlencode(asked)}"
