"""Where the numbers of a figure come from, in words, for files that leave their page."""

from collections.abc import Iterable

from django.conf import settings
from django.db.models import Max

from analysis.models import Network, Run, Source, UnitSemantics
from analysis.services import findings
from analysis.services.figure_pages import run_of
from analysis.services.label_choices import Asked, Choice, answers_chosen, labels_chosen

WHOSE = {
    Source.PEOPLE: "labels by people",
    Source.PUBLISHED: "published labels",
    Source.MACHINE: "labels made by a machine",
    Source.SIMULATED: "labels by simulated workers",
}


def of_page(tab: str, network: Network, asked: Asked) -> str:
    """Return where the figures of a page of findings come from."""
    if findings.TABS[tab].step:
        run, _ = run_of(network, findings.TABS[tab].step, asked)
        return _told([network.slug, *_of_run(run)])
    chosen = answers_chosen if tab == "meanings" else labels_chosen
    return _told([network.slug, *_of_labels(chosen(network, asked))])


def _told(parts: Iterable[str]) -> str:
    return " · ".join((*parts, f"Unitscope {settings.VERSION}"))


def _of_run(run: Run | None) -> list[str]:
    """Return the words for a run: which, over what, when."""
    if run is None:
        return []
    over = f"run {run.short_key} over {run.image_set.slug} ({run.image_set.count:,} images)"
    return [over, *([f"finished {run.finished_at:%Y-%m-%d}"] if run.finished_at else [])]


def _of_labels(choice: Choice | None) -> list[str]:
    """Return the words for labels: whose, of which campaigns, how new."""
    if choice is None:
        return []
    wanted = choice.wanted
    rows = UnitSemantics.objects.filter(unit__layer__network=wanted.network, source=wanted.source)
    rows = rows.filter(origin=wanted.campaign) if wanted.campaign else rows
    newest = rows.aggregate(newest=Max("updated_at"))["newest"]
    from_where = wanted.campaign or ", ".join(choice.campaigns)
    by = WHOSE[Source(wanted.source)]
    return [f"{by} ({from_where})", *([f"the newest of {newest:%Y-%m-%d}"] if newest else [])]
