"""The figures of every page of findings, for a network, as an address asks for them.

The pages, their downloads, the report and the comparison of networks all ask here, so that they
show the same figures of the same rows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Max
from django.urls import reverse

from analysis.models import ImageSet, Network, Run, Source, UnitSemantics
from analysis.services import (
    detector_findings,
    field_findings,
    findings,
    group_counts,
    localisation_findings,
    mask_findings,
    meaning_figures,
    meanings,
    minimal_images,
    minimal_strips,
    object_correlation_figures,
    objects,
    people_machine,
    people_machine_figures,
    preference_figures,
    preferences,
    unit_precision,
    visibility,
)
from analysis.services.atlas import SOURCES
from analysis.services.figures import Figure, Missing
from analysis.services.meanings import ANSWER, BY, THRESHOLD, UNIT, Label, Wanted
from analysis.services.object_figures import Shown as ShownObjects
from analysis.services.people_machine import UnitPair
from analysis.services.statistics import OF_LABELS, OF_OBJECTS

# The words of an address, as `QueryDict` has them; what makes no sense asks for the usual.
Asked = Mapping[str, str]
RUNS = 20
NO_IMAGES = "(none)"  # asked for as the image set: none; a name has no brackets
WHOSE = {
    Source.PEOPLE: "labels by people",
    Source.PUBLISHED: "published labels",
    Source.MACHINE: "labels made by a machine",
    Source.SIMULATED: "labels by simulated workers",
}


def figures(tab: str, network: Network, asked: Asked) -> list[Figure | Missing]:
    """Return the figures of a page of findings; none where there is nothing to count yet."""
    if tab in OF_LABELS_PAGES:
        return OF_LABELS_PAGES[tab](network, asked)
    run, _ = run_of(network, findings.TABS[tab].step, asked)
    return figures_of_run(tab, run, asked) if run else []


def figures_of_run(tab: str, run: Run, asked: Asked) -> list[Figure | Missing]:
    """Return the figures that a page makes of a run, without those that have no rows.

    What is not measured on real things says so beside each of them.
    """
    note = note_of_run(run)
    return [
        replace(figure, note=figure.note or note) if isinstance(figure, Figure) else figure
        for figure in OF_RUN_PAGES[tab](run, asked)
        if figure
    ]


def note_of_run(run: Run) -> str:
    """Say what the numbers of a run are, where they are not measured on real things."""
    parts = {"network": run.network.synthetic, "images": run.image_set.synthetic}
    synthetic = [name for name, is_so in parts.items() if is_so]
    return f"synthetic {' and '.join(synthetic)}" if synthetic else ""


def origin(tab: str, network: Network, asked: Asked) -> str:
    """Say where the numbers of a page come from, for files that leave it."""
    version = f"Unitscope {settings.VERSION}"
    if findings.TABS[tab].step:
        run, _ = run_of(network, findings.TABS[tab].step, asked)
        return " · ".join((network.slug, *_of_run(run), version))
    chosen = answers_chosen if tab == "meanings" else labels_chosen
    choice = chosen(network, asked)
    return " · ".join((network.slug, *_of_labels(choice), version))


def _of_run(run: Run | None) -> list[str]:
    """Return the words for a run: which, over what, when."""
    if run is None:
        return []
    over = f"run {run.short_key} over {run.image_set.slug} ({run.image_set.count:,} images)"
    return [over, *([f"finished {run.finished_at:%Y-%m-%d}"] if run.finished_at else [])]


def _of_labels(choice: "Choice | None") -> list[str]:
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


def run_of(network: Network, step: str, asked: Asked) -> tuple[Run | None, list[Run]]:
    """Return the run that is asked for, else the newest that has the step; and all there are."""
    runs = list(findings.runs_with(network, step)[:RUNS])
    named = [run for run in runs if run.short_key == asked.get("run")]
    return next(iter(named or runs), None), runs


def table_of_run(run: Run, statistic: str) -> str:
    """Return the address of a statistic of a run as CSV."""
    return f"{reverse('api-statistics-csv', args=[statistic])}?run={run.short_key}"


# ---- Of runs -----------------------------------------------------------------------------------
Figures = list[Figure | Missing | None]


def _fields(run: Run, asked: Asked) -> Figures:
    return [field_findings.figure(run, table_of_run(run, "fields"))]


def _segments(run: Run, asked: Asked) -> Figures:
    return [
        visibility.figure(run, table_of_run(run, "segments")),
        mask_findings.figure(run, table_of_run(run, "masks")),
    ]


def _minimal(run: Run, asked: Asked) -> Figures:
    choice = minimal_strips.choice(run, asked.get("scene", ""), asked.get("regions", ""))
    if choice is None:
        return []
    table = table_of_run(run, "minimal-images")
    return [minimal_images.figure(run, choice.scene, choice.regions, table)]


def over_of(run: Run, asked: Asked) -> tuple[preferences.Over | None, list[preferences.Over]]:
    """Return the image sets that preferences are asked over, else as many as there are; and all."""
    overs = preferences.overs(run)
    named = [over for over in overs if over.name == asked.get("over")]
    return next(iter(named or overs[-1:]), None), overs


def preferences_of(run: Run, over: preferences.Over | None) -> list[Figure | Missing]:
    """Return the figures on what layers prefer over some image sets; none before there is any."""
    if over is None or not over.layers:
        return []
    steps = findings.TABS["preferences"].steps
    another = f"manage.py analyze {run.network.slug} OTHER-IMAGES --steps {steps}"
    table = table_of_run(run, "preferences")
    return preference_figures.figures(preference_figures.Shown(over, table, another))


def _preferences(run: Run, asked: Asked) -> Figures:
    return [*preferences_of(run, over_of(run, asked)[0])]


def _detectors(run: Run, asked: Asked) -> Figures:
    return [
        detector_findings.layer_figure(run, table_of_run(run, "detectors")),
        detector_findings.class_figure(run, table_of_run(run, "classes")),
    ]


def people_of(pairs: list[UnitPair], asked: Asked) -> tuple[str, list[str]]:
    """Return whose words stand for people's, the most trusted unless asked; and all there are."""
    sources: list[str] = [
        one for one in people_machine.PEOPLE if any(pair.source == one for pair in pairs)
    ]
    named = [source for source in sources if source == asked.get("source")]
    return next(iter(named or sources), ""), sources


def people_machine_of(run: Run, pairs: list[UnitPair], source: str) -> list[Figure | Missing]:
    """Return the figures on what people and masks say, from units that are read already."""
    table = table_of_run(run, "people-machine-layers")
    return people_machine_figures.figures(people_machine_figures.Shown(run, pairs, source, table))


def _people_machine(run: Run, asked: Asked) -> Figures:
    pairs = list(people_machine.by_unit(run))
    return [*people_machine_of(run, pairs, people_of(pairs, asked)[0])]


def _localisation(run: Run, asked: Asked) -> Figures:
    return [localisation_findings.figure(run, table_of_run(run, "localisation"))]


# ---- Of labels ---------------------------------------------------------------------------------
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


def meanings_of(choice: Choice) -> list[Figure | Missing]:
    """Return the figures on the meanings of labels that are read already."""
    wanted = choice.wanted
    shown = meaning_figures.Shown(
        labels=choice.labels,
        by=choice.by,
        threshold=wanted.threshold,
        note=meaning_figures.note_of(wanted.source, wanted.network.synthetic),
        downloads={name: table_of_labels(name, wanted) for name in OF_LABELS},
        network=wanted.network.slug,
    )
    groups, precision, *others = meaning_figures.figures(shown)
    more = {"groups": group_counts.figure(shown), "precision": unit_precision.figure(shown)}
    return [groups, more["groups"], precision, more["precision"], *others]


def _meanings(network: Network, asked: Asked) -> list[Figure | Missing]:
    choice = answers_chosen(network, asked)
    return meanings_of(choice) if choice else []


# ---- Of labels and masks -----------------------------------------------------------------------
class ObjectChoice(NamedTuple):
    """Whose labels stand for which masks' objects, what is measured, what else there is."""

    labels: Choice
    sets: list[ImageSet]
    layers: list[str]  # of the network
    shown: ShownObjects | None  # none without an image set that has masks


def objects_chosen(network: Network, asked: Asked) -> ObjectChoice | None:
    """Return what is asked for, or the usual; None where there are no labels."""
    labels = labels_chosen(network, asked)
    return objects_of(labels, asked) if labels else None


def objects_of(labels: Choice, asked: Asked) -> ObjectChoice:
    """Return what is asked for of labels that are read already, or the usual."""
    network = labels.wanted.network
    sets = objects.sets_for(network)
    names = list(network.layers.order_by("position").values_list("name", flat=True))
    named = asked.get("images")
    image_set = next((one for one in sets if one.slug == named), None)
    if named != NO_IMAGES:
        image_set = image_set or next(iter(sets), None)
    if image_set is None:
        return ObjectChoice(labels, sets, names, None)
    some = asked.get("layers", "").split(",")
    wanted = objects.Wanted(
        network,
        labels.wanted.source,
        image_set,
        labels.wanted.campaign,
        labels.wanted.threshold,
        tuple(name for name in names if name in some),
    )
    return ObjectChoice(labels, sets, names, shown_of(wanted, asked))


def shown_of(wanted: objects.Wanted, asked: Asked) -> ShownObjects:
    """Return what figures of objects show: the measures that are asked for, or the usual."""
    return ShownObjects(
        wanted=wanted,
        frequency=_one_of(objects.FREQUENCY, asked.get("frequency")),
        informativeness=_one_of(objects.INFORMATIVENESS, asked.get("informativeness")),
        counted=_one_of(objects.COUNTED, asked.get("objects")),
        downloads={name: table_of_objects(name, wanted) for name in OF_OBJECTS},
    )


def table_of_objects(statistic: str, wanted: objects.Wanted) -> str:
    """Return the address of a statistic of objects as CSV."""
    asked = {
        "network": wanted.network.slug,
        "source": wanted.source,
        "image_set": wanted.image_set.slug,
        "threshold": f"{wanted.threshold:g}",
    }
    if wanted.campaign:
        asked["campaign"] = wanted.campaign
    if wanted.layers:
        asked["layers"] = ",".join(wanted.layers)
    return f"{reverse('api-statistics-csv', args=[statistic])}?{urlencode(asked)}"


def _one_of(names: Iterable[str], asked: str | None) -> str:
    """Return what is asked for if it is one of these names, else the first."""
    some = list(names)
    return asked if asked in some else some[0]


def _objects(network: Network, asked: Asked) -> list[Figure | Missing]:
    choice = objects_chosen(network, asked)
    if choice is None:
        return []
    if choice.shown is None:
        return [Missing(findings.TABS["objects"].teaches, no_images(network))]
    return object_correlation_figures.figures(choice.shown)


def asked_in_report(network: Network, asked: Asked) -> Asked:
    """Return what a report asks about a network: its image set is its own, or one that is named."""
    own, may_be_named = objects.sets_for_report(network)
    named = [one for one in may_be_named if one.slug == asked.get("images")]
    slug = next((one.slug for one in (*named, *own)), NO_IMAGES)
    return {**asked, "images": slug}


def no_images(network: Network) -> str:
    """Say why nothing tells which objects there are, and how to get it."""
    told = f"No image set with masks that {network} was run over says which objects there are:"
    if not network.published_only:
        told += f" run it over one, manage.py analyze {network} IMAGES --steps count, or"
    return f"{told} name a set that a public network was shown, manage.py report --images NAME."


# Together one for each tab of services/findings.py.
OF_LABELS_PAGES: dict[str, Callable[[Network, Asked], list[Figure | Missing]]] = {
    "meanings": _meanings,
    "objects": _objects,
}
OF_RUN_PAGES: dict[str, Callable[[Run, Asked], Figures]] = {
    "fields": _fields,
    "segments": _segments,
    "preferences": _preferences,
    "minimal": _minimal,
    "detectors": _detectors,
    "people": _people_machine,
    "localisation": _localisation,
}
