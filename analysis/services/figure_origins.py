"""Where the numbers of a figure come from, in words, for files that leave their page."""

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import Max

from analysis.models import ImageSet, Network, Run, Source, UnitSemantics
from analysis.services import findings
from analysis.services.atlas import SOURCES
from analysis.services.comparing import Side
from analysis.services.concepts import Entry
from analysis.services.counting import counted_by
from analysis.services.figure_pages import run_of
from analysis.services.label_choices import Asked, Choice, answers_chosen, labels_chosen

NETWORKS = 6  # that are named of many
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
        return told([network.slug, *_of_run(run)])
    chosen = answers_chosen if tab == "meanings" else labels_chosen
    return told([network.slug, *_of_labels(chosen(network, asked))])


def of_sides(sides: tuple[Side, Side]) -> str:
    """Return where the figures of a comparison come from: of either side, the first in front."""
    first, second = (", ".join((side.network.slug, *_of_side(side))) for side in sides)
    masks = _of_masks(sides[0].objects.wanted.image_set) if sides[0].objects else []
    return told([first, f"against {second}", *masks])


def of_minimal(run: Run, scene: str) -> str:
    """Return where the figure on what a scene needs comes from."""
    return told([f"scene “{scene}”", run.network.slug, *_of_run(run)])


def of_scene(image_set: ImageSet, scene: str) -> str:
    """Return where the figure on what tells a scene apart comes from: from masks, of no network."""
    run = counted_by(image_set)
    when = [f"counted {run.finished_at:%Y-%m-%d}"] if run and run.finished_at else []
    return told([f"scene “{scene}”", *_of_masks(image_set), *when])


def of_concept(found: Sequence[Entry]) -> str:
    """Return where the figure on a concept comes from: which networks' labels, by whom, how new."""
    networks = list(dict.fromkeys(entry.unit.layer.network.slug for entry in found))
    more = len(networks) - NETWORKS
    named = ", ".join(networks[:NETWORKS]) + (f" and {more} more" if more > 0 else "")
    said = {source for entry in found for source in entry.sources}
    by = ", ".join(WHOSE[source] for source in SOURCES if source in said)
    newest = max(entry.label.updated_at for entry in found)
    return told([named, by, f"the newest of {newest:%Y-%m-%d}"])


def told(parts: Iterable[str]) -> str:
    """Return parts of an origin as one line, the version of the program at its end."""
    return " · ".join((*parts, f"Unitscope {settings.VERSION}"))


def _of_side(side: Side) -> list[str]:
    return _of_run(side.run) if side.run else _of_labels(side.choice)


def _of_masks(image_set: ImageSet) -> list[str]:
    return [f"objects in the masks of {image_set.slug} ({image_set.count:,} images)"]


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
