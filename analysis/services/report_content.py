"""What a report says, gathered for a network: figures of every page of findings, drawn, in order.

The pages of HTML and PDF are made of the same `Report`, so that they say the same.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from analysis.models import Network, Run
from analysis.services import (
    drawings,
    figure_pages,
    findings,
    label_choices,
    object_choices,
    report_comparison,
)
from analysis.services.figures import Figure, Missing
from analysis.services.meaning_figures import note_of
from analysis.services.report_data import left_out
from analysis.services.report_examples import Example, examples_of
from analysis.services.report_methods import Method, Provenance, methods_of, provenance_of

Progress = Callable[[str], None]

OTHER = "other_"  # in front of what is asked about the network that is compared with


def silent(what: str) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True)
class Subject:
    """What a report is asked about, and when: its clock is what it is given.

    ``asked`` are the words of an address of findings: source, campaign, threshold, run. ``licence``
    is of the data: an address or a sentence.
    """

    network: Network
    now: datetime
    against: Network | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""

    @property
    def networks(self) -> list[Network]:
        """Return the network, and the one that it is compared with."""
        return [self.network, *([self.against] if self.against else [])]

    def asked_of(self, network: Network) -> Mapping[str, str]:
        """Return the words about one of the networks: those about the other begin with other_."""
        if network != self.against:
            return object_choices.asked_in_report(network, self.asked)
        shared = {name: self.asked[name] for name in ("threshold", "by") if name in self.asked}
        others = (name for name in self.asked if name.startswith(OTHER))
        words = shared | {name.removeprefix(OTHER): self.asked[name] for name in others}
        return object_choices.asked_in_report(network, words)

    @property
    def asked_of_both(self) -> Mapping[str, str]:
        """Return the words of a comparison; its objects are those of the first's image set."""
        return {**self.asked, "images": self.asked_of(self.network)["images"]}

    @property
    def title(self) -> str:
        """Return the title of the report."""
        if self.against:
            return f"What the units of {self.network} and {self.against} see"
        return f"What the units of {self.network} see"


@dataclass(frozen=True)
class Drawn:
    """One question of a report: a figure with its drawing, or what is missing."""

    key: str  # its name within the report, and of its files
    figure: Figure | Missing
    svg: str = ""  # in the light look; empty where there is nothing to draw
    note: str = ""  # what the numbers are, where they are not measured on real things

    @property
    def is_answered(self) -> bool:
        """Tell whether there is a figure."""
        return isinstance(self.figure, Figure)


@dataclass(frozen=True)
class Section:
    """One page of findings on one network, or a comparison."""

    name: str
    title: str
    about: str
    drawn: list[Drawn]
    compares: bool = False  # both networks, beside one another

    @property
    def is_empty(self) -> bool:
        """Tell whether not one of its questions is answered."""
        return not any(one.is_answered for one in self.drawn)


class Lacking(NamedTuple):
    """Questions of a section that lack the same, and how to get it."""

    title: str
    questions: list[str]
    why: str


@dataclass(frozen=True)
class Report:
    """All that a report says, but for the files of its data."""

    subject: Subject
    marks: list[str]
    facts: list[tuple[str, str]]
    sections: list[Section]
    examples: list[Example]
    methods: list[Method]
    provenance: Provenance
    left_out: list[str]  # tables that the data do not hold, and why

    @property
    def chapters(self) -> list[Section]:
        """Return the sections that have something to show."""
        return [section for section in self.sections if not section.is_empty]

    @property
    def lacking(self) -> list[Lacking]:
        """Return what sections without any answer lack, each sentence once for its section."""
        found: dict[tuple[str, str], Lacking] = {}
        for section in self.sections:
            for one in section.drawn if section.is_empty else ():
                if isinstance(one.figure, Missing):
                    why = one.figure.why
                    same = found.setdefault((section.name, why), Lacking(section.title, [], why))
                    same.questions.append(one.figure.question)
        return list(found.values())

    @property
    def abstract(self) -> list[tuple[str, str, str]]:
        """Return (question, answer, note) of every figure; of two networks, those with both."""
        compared = [section for section in self.chapters if section.compares]
        alike = self.subject.against is not None and not compared
        return [
            (
                f"{section.title}. {one.figure.question}" if alike else one.figure.question,
                one.figure.answer,
                one.note,
            )
            for section in compared or self.chapters
            for one in section.drawn
            if isinstance(one.figure, Figure)
        ]

    @property
    def answered(self) -> int:
        """Return how many questions have an answer."""
        return sum(one.is_answered for section in self.sections for one in section.drawn)

    @property
    def missing(self) -> int:
        """Return how many questions have no answer."""
        return sum(not one.is_answered for section in self.sections for one in section.drawn)


def gather(subject: Subject, say: Progress = silent) -> Report:
    """Return what the report says, a comparison first; whatever is missing says so."""
    used = [run for net in subject.networks for run in runs_used(net, subject.asked_of(net))]
    sections = []
    if subject.against:
        say("comparison")
        sections += _compared(subject, subject.against, used)
    for network in subject.networks:
        for tab in findings.TABS.values():
            say(f"{network}: {tab.title}")
            sections.append(_section(subject, network, tab))
    say("examples")
    asked = [(net, subject.asked_of(net)) for net in subject.networks]
    return Report(
        subject=subject,
        marks=_marks(subject, used),
        facts=_facts(subject, used),
        sections=sections,
        examples=[one for net, words in asked for one in examples_of(net, words)],
        methods=methods_of(asked, used),
        provenance=provenance_of(used, [words["run"] for _, words in asked if "run" in words]),
        left_out=[told for net, words in asked for told in left_out(net, words)],
    )


def runs_used(network: Network, asked: Mapping[str, str]) -> list[Run]:
    """Return the runs whose numbers stand in the report, each once, newest first."""
    steps = [tab.step for tab in findings.TABS.values() if tab.step]
    found = (figure_pages.run_of(network, step, asked)[0] for step in steps)
    return list({run.pk: run for run in found if run}.values())


def _section(subject: Subject, network: Network, tab: findings.Tab) -> Section:
    """Return one page of findings; with two networks its title says which one it is of."""
    asked = subject.asked_of(network)
    run = figure_pages.run_of(network, tab.step, asked)[0] if tab.step else None
    found = figure_pages.figures(tab.name, network, asked)
    note = figure_pages.note_of_run(run) if run else ""
    name = f"{network}-{tab.name}" if subject.against else tab.name
    return Section(
        name=name,
        title=f"{tab.title}: {network}" if subject.against else tab.title,
        about=_about_run(run, tab.step, asked) if run else tab.teaches,
        drawn=[drawn(name, one, note) for one in found or [_nothing(network, tab)]],
    )


def _compared(subject: Subject, other: Network, used: list[Run]) -> list[Section]:
    """Return the sections in which both networks stand beside one another."""
    parts = ["synthetic network"] * any(network.synthetic for network in subject.networks)
    parts += ["synthetic images"] * any(run.image_set.synthetic for run in used)
    note = " · ".join(parts)
    found = report_comparison.sections(subject.network, other, subject.asked_of_both)
    return [
        Section(
            name=f"comparison-{part.name}",
            title=f"{part.title}: {subject.network} against {other}",
            about=part.about,
            drawn=[drawn(f"comparison-{part.name}", one, note) for one in part.figures],
            compares=True,
        )
        for part in found
    ]


def drawn(section: str, figure: Figure | Missing, note: str) -> Drawn:
    """Return a figure with its drawing; one that cannot be drawn keeps its table."""
    if isinstance(figure, Missing):
        return Drawn(section, figure)
    parts = dict.fromkeys(part for part in (*figure.note.split(" · "), *note.split(" · ")) if part)
    try:
        svg = drawings.draw_svg(figure.spec)
    except ValueError:
        svg = ""
    return Drawn(f"{section}-{figure.name}", figure, svg, " · ".join(parts))


def _about_run(run: Run, step: str, asked: Mapping[str, str]) -> str:
    told = f"Run {run.short_key} over {run.image_set.count:,} images of {run.image_set}."
    if asked.get("run", run.short_key) != run.short_key:
        told += (
            f" Run {asked['run']} has not finished the step {step}: this is the newest that has."
        )
    return told


def _nothing(network: Network, tab: findings.Tab) -> Missing:
    """Say why a page of findings is empty, and how to fill it."""
    if not tab.step:
        return Missing(
            tab.teaches,
            f"No unit of {network} has a label yet: open a campaign, import published answers, or"
            " let the step dissect name units by the masks.",
        )
    if network.published_only:
        return Missing(
            tab.teaches,
            f"{network} is known from published answers only: it has no weights here and cannot be"
            " run.",
        )
    command = f"manage.py analyze {network} IMAGES --steps {tab.steps}"
    return Missing(
        tab.teaches, f"No run of {network} has results of the step {tab.step} yet: {command}"
    )


def _marks(subject: Subject, used: list[Run]) -> list[str]:
    """Return everything that makes the numbers other than measured on real things by people."""
    found = list(_said(subject, used))
    return list(dict.fromkeys(mark for mark in found if mark))


def _said(subject: Subject, used: list[Run]) -> Iterator[str]:
    for network in subject.networks:
        yield "synthetic network" if network.synthetic else ""
        asked = subject.asked_of(network)
        for chosen in (label_choices.answers_chosen, label_choices.labels_chosen):
            choice = chosen(network, asked)
            if choice and (note := note_of(choice.wanted.source, False)):
                yield f"labels: {note}"
        if network.requested.get("weights"):
            yield f"{network} is untrained"
    for run in used:
        yield "synthetic images" if run.image_set.synthetic else ""


def _facts(subject: Subject, used: list[Run]) -> list[tuple[str, str]]:
    """Return what the report is about, as (name, value)."""
    rows: list[tuple[str, str]] = []
    for network in subject.networks:
        layers = [f"{layer.name} ({layer.channels:,} units)" for layer in network.layers.all()]
        rows += [
            ("Network", str(network)),
            ("Architecture", network.arch or "known from published answers only"),
            ("Weights and preparation, sha256", network.fingerprint or "none here"),
            ("Layers", ", ".join(layers) or "none"),
            *([("Note", network.note)] if network.note else []),
        ]
    for image_set in {run.image_set_id: run.image_set for run in used}.values():
        rows += [
            ("Image set", f"{image_set}, {image_set.count:,} images"),
            ("List of its images, sha256", image_set.fingerprint or "not known"),
            *([("Note", image_set.note)] if image_set.note else []),
        ]
    keys = ", ".join(f"{run.short_key} ({run.network})" for run in used)
    return [*rows, ("Runs", keys or "none"), ("Date", f"{subject.now:%Y-%m-%d}")]
