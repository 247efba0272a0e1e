"""Which findings there are, and what can show them: runs, or labels."""

from dataclasses import dataclass

from django.db.models import F

from analysis.models import Network, Run, State, UnitSemantics
from analysis.models.runs import RunQuerySet
from analysis.services.steps import STEPS


@dataclass(frozen=True)
class Tab:
    """One page of findings: its name in the address, its title, and the step it shows."""

    name: str
    title: str
    step: str  # of a run; empty for what is counted on the labels of units
    teaches: str  # what will stand there, in one sentence

    @property
    def address(self) -> str:
        """Return the name of its address."""
        return f"analysis:findings_{self.name}"

    @property
    def steps(self) -> str:
        """Return what to ask for, as `analyze --steps` takes it."""
        return ",".join((*STEPS[self.step].needs, self.step))


TABS: dict[str, Tab] = {
    tab.name: tab
    for tab in (
        Tab(
            "meanings",
            "Meanings",
            "",
            "Which levels of meaning emerge in which layer, how well units keep to one concept, and"
            " how far people agree.",
        ),
        Tab(
            "objects",
            "Objects",
            "",
            "Which objects units stand for, and how that goes with what is frequent in images and"
            " what tells scenes apart.",
        ),
        Tab(
            "fields",
            "Fields",
            "locate",
            "How large the part of the image is that each unit really looks at, beside theory.",
        ),
        Tab(
            "segments",
            "Segmented images",
            "segment",
            "How much of a picture each layer's units see, and how the masks were made.",
        ),
        Tab(
            "preferences",
            "Preferences",
            "prefer",
            "Which images drive a whole layer most: of which set and scenes, and how they look.",
        ),
        Tab(
            "minimal",
            "Minimal images",
            "simplify",
            "How little of an image is enough to name its scene, and which objects that little is.",
        ),
        Tab(
            "detectors",
            "Detectors",
            "dissect",
            "Which units cover the objects of the images' masks, beside what chance would give.",
        ),
        Tab(
            "people",
            "People and machine",
            "dissect",
            "Whether people and masks say the same about a unit, and every unit where they do not.",
        ),
        Tab(
            "localisation",
            "Localisation",
            "localise",
            "How well named units find the objects that they are named for, with pictures.",
        ),
    )
}


def runs_with(network: Network, step: str) -> RunQuerySet:
    """Return the runs of a network that have finished a step, newest first."""
    done = Run.objects.filter(network=network, jobs__step=step, jobs__state=State.DONE)
    newest = done.select_related("network", "image_set")
    return newest.order_by(F("finished_at").desc(nulls_last=True), "-pk")


def first_tab(network: Network) -> Tab:
    """Return the first page that has something to show, else the first."""
    shown = (tab for tab in TABS.values() if shows(network, tab))
    return next(shown, next(iter(TABS.values())))


def shows(network: Network, tab: Tab) -> bool:
    """Return whether a page has something to show of a network."""
    if tab.step:
        return runs_with(network, tab.step).exists()
    return UnitSemantics.objects.filter(unit__layer__network=network).exists()
