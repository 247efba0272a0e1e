"""How the numbers of a report were made: every parameter of its runs, whose labels, with what."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Sum

from analysis.models import Network, Run, UnitSemantics
from analysis.services import label_choices, methods
from analysis.services.meaning_figures import INTERVALS
from analysis.services.progress import duration
from analysis.services.recipes import Recipe
from analysis.services.statistics import OF_LABELS, STATISTICS, why_none
from analysis.services.steps import STEPS, options_of
from analysis.services.tables import moment

# Whatever has a part in the numbers or the drawings, by its name as a package.
PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "scipy",
    "scikit-image",
    "pillow",
    "pyarrow",
    "safetensors",
    "Django",
    "vl-convert-python",
    "reportlab",
    "pypdf",
)


@dataclass(frozen=True)
class Method:
    """One part of the methods: paragraphs, and parameters as (name, value)."""

    title: str
    paragraphs: list[str]
    parameters: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class RunTrace:
    """Where and when the numbers of a run were made, as far as it was recorded."""

    key: str
    facts: list[tuple[str, str]]


@dataclass(frozen=True)
class Provenance:
    """What made the numbers: Unitscope, its libraries, the runs."""

    version: str
    packages: list[tuple[str, str]]
    runs: list[RunTrace]


def methods_of(networks: list[tuple[Network, Mapping[str, str]]], runs: list[Run]) -> list[Method]:
    """Return the methods of a report: runs, then labels as asked for, then statistics."""
    found = [_run_method(run) for run in runs]
    for network, asked in networks:
        if key := asked.get("run"):
            found.append(_run_chosen(network, key))
        found += _label_methods(network)
        if chosen := _chosen(network, asked):
            found.append(chosen)
    return [*found, _statistics(runs)]


# ---- Runs --------------------------------------------------------------------------------------
def _run_method(run: Run) -> Method:
    """Return a run in words, and its whole recipe."""
    try:
        words = methods.in_words(Recipe.from_json(run.recipe), run.image_set.count)
    except (ValueError, KeyError):
        words = "The recipe of this run is of an older form: its parameters stand as they are."
    options = {
        step: options_of(run, step)
        for step in run.recipe.get("steps", [])
        if step in STEPS and STEPS[step].asks
    }
    stored = {name: value for name, value in sorted(run.recipe.items()) if name != "options"}
    kept = run.recipe.get("options", {})
    parameters = [*_flat(stored), *_flat({"options": kept | options} if kept or options else {})]
    return Method(f"Run {run.short_key} of {run.network}", [words], parameters)


def _run_chosen(network: Network, key: str) -> Method:
    """Say that a run was asked for, and what that means."""
    words = (
        f"Run {key} was asked for, whichever is the newest: every page whose step it has finished"
        " shows it. A page whose step it has not finished shows the newest run that has, and says"
        " so."
    )
    return Method(f"Which runs of {network} are shown", [words], [("run asked for", key)])


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Give every single value with the path to it: options.locate.stride."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(one) for one in value) or "none"
    else:
        yield name, "none" if value is None or value == "" else str(value)


# ---- Labels ------------------------------------------------------------------------------------
def _label_methods(network: Network) -> list[Method]:
    """Return who named the units, one part for each campaign or method."""
    rows = UnitSemantics.objects.filter(unit__layer__network=network)
    counted = rows.values("source", "origin").annotate(
        units=Count("pk"), said=Sum("answers"), first=Min("updated_at"), last=Max("updated_at")
    )
    found = []
    for one in counted.order_by("source", "origin"):
        some = rows.filter(source=one["source"], origin=one["origin"])
        words = f"{one['units']:,} units of {network} were named by {one['origin']}"
        words += f" (source: {one['source']})."
        if one["said"]:
            words += f" Behind them stand {one['said']:,} answers of {_workers(some):,} workers."
        rules = _rules(some)
        parameters = [
            ("source", one["source"]),
            ("units named", f"{one['units']:,}"),
            ("answers", f"{one['said']:,}"),
            ("workers", f"{_workers(some):,}"),
            ("labels last changed", f"{moment(one['first'])} to {moment(one['last'])}"),
            *rules,
        ]
        found.append(Method(f"Labels by {one['origin']}", [words], parameters))
    return found


def _workers(labels: Any) -> int:
    """Return how many people, or simulated workers, stand behind labels, by pseudonym."""
    found: set[str] = set()
    for words in labels.values_list("details__words", flat=True).order_by().iterator():
        for word in words if isinstance(words, list) else ():
            if isinstance(word, Mapping) and word.get("worker"):
                found.add(str(word["worker"]))
    return len(found)


def _rules(labels: Any) -> list[tuple[str, str]]:
    """Return by which rules of consensus labels were made; all of them, where they differ."""
    names = ("method", "version", "wordnet", "weighted", "interval")
    paths = [f"details__{name}" for name in names]
    found: dict[str, set[str]] = {name: set() for name in names}
    for values in labels.order_by().values_list(*paths).distinct():
        for name, value in zip(names, values, strict=True):
            if value is not None:
                found[name].add(str(value))
    words = {"method": "consensus method", "version": "version of the rule"}
    words |= {"weighted": "answers weighted by trust", "interval": "interval of precision"}
    return [
        (words.get(name, name), ", ".join(sorted(values)))
        for name, values in found.items()
        if values
    ]


def _chosen(network: Network, asked: Mapping[str, str]) -> Method | None:
    """Say whose labels the figures on meanings count, and how."""
    choice = label_choices.answers_chosen(network, asked)
    if choice is None:
        return None
    wanted = choice.wanted
    whose = f"{wanted.source}, {wanted.campaign}" if wanted.campaign else str(wanted.source)
    return Method(
        f"Labels counted in the figures on meanings of {network}",
        [
            "Of several labels of one source the newest of each unit counts. A unit counts as"
            " meaning something when its precision, the mean over answers of images kept / images"
            f" shown, is above the threshold. {INTERVALS}"
        ],
        [
            ("labels of", whose),
            ("units", f"{len(choice.labels):,}"),
            ("counted by", choice.by),
            ("threshold of precision", f"{wanted.threshold:g}"),
        ],
    )


# ---- Statistics --------------------------------------------------------------------------------
def _statistics(runs: list[Run]) -> Method:
    """Return what was counted; how stands beside every figure."""
    counted = [one for one in STATISTICS.values() if any(not why_none(run, one) for run in runs)]
    told = [(one.name, one.summary) for one in OF_LABELS.values()]
    return Method(
        "Statistics",
        ["How each is counted stands below its figure; its rows are in the folder data."],
        [*told, *((one.name, one.summary) for one in counted)],
    )


# ---- Provenance --------------------------------------------------------------------------------
def provenance_of(runs: list[Run], chosen: Collection[str] = ()) -> Provenance:
    """Return what made the numbers, as far as it was recorded; ``chosen``: keys asked for."""
    traces = [_trace(run, run.short_key in chosen) for run in runs]
    return Provenance(settings.VERSION, _packages(), traces)


def _packages() -> list[tuple[str, str]]:
    """Return the versions of the installed libraries; one that is not here says so."""
    found = []
    for name in PACKAGES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            found.append((name, "not installed where the report was made"))
    return found


def _trace(run: Run, chosen: bool) -> RunTrace:
    """Return the facts of a run that are no part of its recipe, and the hashes that are."""
    took = ""
    if run.started_at and run.finished_at:
        took = duration((run.finished_at - run.started_at).total_seconds())
    facts = [
        ("Key", run.key),
        ("Chosen", "by its key" if chosen else "the newest that has finished a step"),
        ("Network, sha256", run.network.fingerprint),
        ("List of images, sha256", run.image_set.fingerprint),
        ("State", run.state),
        ("Device", "the best of each worker (auto)" if run.device == "auto" else run.device),
        ("Machine", "no more is recorded than the device"),
        ("Seed", str(run.recipe.get("seed", "none"))),
        ("Asked for", _when(run.created_at)),
        ("Started", _when(run.started_at)),
        ("Finished", _when(run.finished_at)),
        ("Took", took or "not recorded"),
    ]
    return RunTrace(run.short_key, facts)


def _when(at: datetime | None) -> str:
    return moment(at) if at else "not recorded"
