"""How far people and masks agree about units, as figures; or whose labels are missing."""

from dataclasses import dataclass
from typing import Any

from analysis.models import Run, Source
from analysis.services.dissection import DETECTS
from analysis.services.figure_links import layer_page
from analysis.services.figures import Column, Figure, Missing
from analysis.services.meaning_figures import note_of, points, with_intervals
from analysis.services.people_machine import RELATIONS, UNMATCHED, UnitPair
from analysis.services.people_machine_shares import EVERY, LayerPairs, counted, only_one

SHARES = "Do people and masks say the same about a unit?"
KAPPA = "How far do they agree where they can be compared?"
MEASURES = {
    "the same class": ("same_share", "same_low", "same_high"),
    "one a kind of the other": ("kind_share", "kind_low", "kind_high"),
    "different things": ("different_share", "different_low", "different_high"),
    RELATIONS[UNMATCHED]: ("unmatched_share", "unmatched_low", "unmatched_high"),
}
AGREEING = {
    "same or a kind, of those with a class": ("agree_share", "agree_low", "agree_high"),
    "Cohen’s kappa of the classes": ("kappa", "kappa_low", "kappa_high"),
}
SPOKEN = {
    Source.PEOPLE: "people",
    Source.PUBLISHED: "a publication",
    Source.SIMULATED: "simulated workers",
}


@dataclass(frozen=True)
class Shown:
    """What the figures are about: units as both have them, whose words, and where the rows are."""

    run: Run
    pairs: list[UnitPair]
    source: str
    download: str

    @property
    def note(self) -> str:
        """Say what is not by people or not of real things."""
        synthetic = self.run.network.synthetic or self.run.image_set.synthetic
        by = Source(self.source) if self.source else Source.PEOPLE
        return note_of(by, synthetic).replace("synthetic network", "synthetic")

    def layer_page(self, layer: str) -> str:
        """Return where a layer's marks lead."""
        return layer_page(self.run.network.slug, layer)


def figures(shown: Shown) -> list[Figure | Missing]:
    """Return what they say, and how far they agree; what is missing says how to get it."""
    if missing := _missing(shown):
        return [Missing(SHARES, missing)]
    rows = [row for row in counted(shown.pairs) if row.source == shown.source]
    return [_shares(shown, rows), _kappa(shown, rows)]


def _missing(shown: Shown) -> str:
    """Return whose labels there are none of, and how to get them."""
    network, images = shown.run.network.slug, shown.run.image_set.slug
    ask = (
        f"manage.py open_campaign NAME --network {network} --images {images}, or take published"
        f" answers: manage.py import_answers FILE --network {network} --format unitscope"
    )
    return {
        "nobody": (
            f"No unit of these layers has a label by people, and none covers a class of {images}"
            f" with an IoU above {DETECTS}. Ask people: {ask}. A larger --quantile of the step"
            " dissect lets masks name more units."
        ),
        "machine": f"No unit of these layers has a label by people yet. Ask them: {ask}.",
        "people": (
            f"No unit that people name covers a class of {images} with an IoU above {DETECTS}:"
            " the masks name none of them. A larger --quantile of the step dissect lets walls and"
            " skies be detected; other images may show what the units see."
        ),
        "": "",
    }[only_one(shown.pairs)] or _nothing_in_common(shown)


def _nothing_in_common(shown: Shown) -> str:
    """Return that the two name other units, where they do."""
    if any(p.source == shown.source and p.sureness is not None for p in shown.pairs):
        return ""
    return (
        f"{SPOKEN[Source(shown.source)].capitalize()} and masks name different units: there is none"
        " that both name, and so nothing to compare. Label more units, or dissect the layers that"
        " have labels."
    )


def _shares(shown: Shown, rows: list[LayerPairs]) -> Figure:
    columns = [Column("layer", "Layer"), Column("people", "Named by people")]
    columns += [Column("machine", "by masks"), Column("both", "by both")]
    for name, title in (
        ("same", "The same"),
        ("kind", "A kind"),
        ("different", "Different"),
        ("unmatched", "No class"),
    ):
        columns += [Column(name, title), Column(f"{name}_share", "share", 3)]
        columns += [Column(f"{name}_interval", "95%")]
    return Figure(
        name="people-machine",
        question=SHARES,
        answer=_shares_answer(shown, rows[-1]),
        spec=points(
            _layers(rows), MEASURES, "share of the units that both name", href=shown.layer_page
        ),
        columns=columns,
        rows=[_told(shown, row) for row in rows],
        method=(
            f"Of the units that {SPOKEN[Source(shown.source)]} name and that cover a class of the"
            f" masks with an IoU above {DETECTS}. The same: the word means the class, by the table"
            " of matches. A kind: WordNet has one as a kind of the other, within three steps. No"
            " class: the masks have none for the word. Whiskers: Wilson's 95% interval."
        ),
        download=shown.download,
        note=shown.note,
    )


def _shares_answer(shown: Shown, row: LayerPairs) -> str:
    """Tell the whole: the last row is of all layers, or of the only one."""
    who = SPOKEN[Source(shown.source)]
    named = "unit is" if row.both == 1 else "units are"
    return (
        f"{row.both:,} {named} named by {who} and by masks: {row.same:,} the same, {row.kind:,}"
        f" where one is a kind of the other, {row.different:,} where they differ, and for"
        f" {row.unmatched:,} the masks have no class."
    )


def _kappa(shown: Shown, rows: list[LayerPairs]) -> Figure | Missing:
    whole = rows[-1]
    if whole.agree_share is None:
        return Missing(
            KAPPA,
            f"No word that {SPOKEN[Source(shown.source)]} gave to a unit that masks name too means"
            " a class: decide on the page of matches what the words mean.",
        )
    kappa = "there is no kappa, as all are of one class"
    if whole.kappa is not None:
        kappa = f"Cohen’s kappa of the classes is {whole.kappa:.2f}"
    agree = whole.same + whole.kind
    return Figure(
        name="people-machine-kappa",
        question=KAPPA,
        answer=(
            f"In {agree:,} of {agree + whole.different:,} units with a class"
            f" ({whole.agree_share:.0%}) both mean the same, or one a kind of the other; {kappa}."
        ),
        spec=points(_layers(rows), AGREEING, "share, or kappa", href=shown.layer_page),
        columns=(
            Column("layer", "Layer"),
            Column("agree_share", "Same or a kind", 3),
            Column("agree_interval", "95%"),
            Column("matched", "Units of kappa"),
            Column("kappa", "Cohen’s kappa", 3),
            Column("kappa_interval", "95%"),
        ),
        rows=[_told(shown, row) for row in rows],
        method=(
            "Kappa (Cohen 1960): 0 is chance, 1 is complete agreement, of the class that people's"
            " word means and the class that masks say, over units whose word means a class. Its"
            " whiskers: a bootstrap over units, 2,000 resamples; of the share: Wilson's interval."
        ),
        download=shown.download,
        note=shown.note,
    )


def _layers(rows: list[LayerPairs]) -> list[LayerPairs]:
    """Return the rows that are drawn: layers, without all of them together."""
    return [row for row in rows if row.layer != EVERY]


def _told(shown: Shown, row: LayerPairs) -> dict[str, Any]:
    leads = {} if row.layer == EVERY else {"href": shown.layer_page(row.layer)}
    return with_intervals(row._asdict()) | leads
