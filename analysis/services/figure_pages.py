"""The figures of every page of findings, for a network, as an address asks for them.

The pages, their downloads, the report and the comparison of networks all ask here, so that they
show the same figures of the same rows.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from django.urls import reverse

from analysis.models import Network, Run
from analysis.services import (
    detector_findings,
    field_findings,
    findings,
    group_counts,
    localisation_findings,
    mask_findings,
    meaning_figures,
    minimal_images,
    minimal_strips,
    object_correlation_figures,
    people_machine,
    people_machine_figures,
    preference_figures,
    preferences,
    unit_precision,
    visibility,
)
from analysis.services.figures import Figure, Missing
from analysis.services.label_choices import Asked, Choice, answers_chosen, table_of_labels
from analysis.services.object_choices import no_images, objects_chosen
from analysis.services.people_machine import UnitPair
from analysis.services.statistics import OF_LABELS

RUNS = 20
SHORT_KEY = re.compile(r"[0-9a-f]{12}")


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


def run_of(network: Network, step: str, asked: Asked) -> tuple[Run | None, list[Run]]:
    """Return the run that is asked for, else the newest that has the step; and the newest ones.

    One that is asked for is among them, however old it is.
    """
    found, key = findings.runs_with(network, step), asked.get("run", "")
    runs = list(found[:RUNS])
    named = [run for run in runs if run.short_key == key]
    if not named and len(runs) == RUNS and SHORT_KEY.fullmatch(key):
        named = list(found.called(key)[:1])
        runs += named
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
def _objects(network: Network, asked: Asked) -> list[Figure | Missing]:
    choice = objects_chosen(network, asked)
    if choice is None:
        return []
    if choice.shown is None:
        return [Missing(findings.TABS["objects"].teaches, no_images(network))]
    return object_correlation_figures.figures(choice.shown)


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
