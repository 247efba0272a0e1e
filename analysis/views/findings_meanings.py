"""The findings page about meanings: whose labels, how counted, and the three figures."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from analysis.models import Network
from analysis.services import access, findings, meanings
from analysis.services.atlas import SOURCES
from analysis.services.meaning_figures import Shown, figures, note_of
from analysis.services.meanings import ANSWER, BY, THRESHOLD, UNIT, Wanted
from analysis.services.statistics import OF_LABELS
from analysis.views.atlas import SOURCE_NAMES, readable_network


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Groups, precision and agreement of one source's labels; what is missing says how to get it.

    What makes no sense in the address asks for what is shown without it.
    """
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    shown = {"network": network, "tab": findings.TABS["meanings"], "tabs": findings.TABS.values()}
    origins = meanings.origins(network)
    if origins:
        shown |= _shown(request, network, origins)
    return render(request, "analysis/findings/meanings.html", shown)


def _shown(
    request: HttpRequest, network: Network, origins: dict[str, list[str]]
) -> dict[str, object]:
    """Return what was chosen, what may be, and the figures."""
    asked = request.GET
    sources = [source for source in SOURCES if source in origins]
    source = next((one for one in sources if one == asked.get("source")), sources[0])
    campaign = next((one for one in origins[source] if one == asked.get("campaign")), "")
    share = meanings.share_of(asked.get("threshold", ""))
    wanted = Wanted(network, source, campaign, THRESHOLD if share is None else round(share, 2))
    labels = meanings.labels_of(wanted)
    usual = ANSWER if any(label.answers for label in labels) else UNIT
    by = next((one for one in BY if one == asked.get("by")), usual)
    given = Shown(
        labels=labels,
        by=by,
        threshold=wanted.threshold,
        note=note_of(source, network.synthetic),
        downloads={name: _table_of(name, wanted) for name in OF_LABELS},
    )
    return {
        "wanted": wanted,
        "by": by,
        "sources": [(one, SOURCE_NAMES[one]) for one in sources],
        "campaigns": origins[source],
        "labelled": len(labels),
        "figures": figures(given),
    }


def _table_of(statistic: str, wanted: Wanted) -> str:
    """Return the address of a statistic of labels as CSV."""
    asked = {"network": wanted.network.slug, "source": wanted.source}
    if wanted.campaign:
        asked["campaign"] = wanted.campaign
    if OF_LABELS[statistic].uses_threshold:
        asked["threshold"] = f"{wanted.threshold:g}"
    return f"{reverse('api-statistics-csv', args=[statistic])}?{urlencode(asked)}"
