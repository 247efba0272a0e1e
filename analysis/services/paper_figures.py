"""The figures of the paper, each with its counterpart here, for one network.

Zhou et al., Object Detectors Emerge in Deep Scene CNNs, ICLR 2015. Told by subject: the numbers
say which figure of the paper is meant, and versions of the paper may count otherwise.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from django.urls import reverse

from analysis.models import Network, UnitSemantics
from analysis.services import findings


class Counterpart(NamedTuple):
    """A figure of the paper, and what there is here about the same subject.

    ``places`` gives the words of each link: it leads to a page of findings and a place on it
    ("fields#sizes-question"), to another address that takes a network ("analysis:try"), or a path.
    """

    number: str
    subject: str
    here: str
    places: Mapping[str, str]


COUNTERPARTS = (
    Counterpart(
        "1",
        "Images that units, and whole layers, prefer",
        "The strongest images of every unit; preferred images of whole layers and where they are"
        " from",
        {
            "analysis:atlas": "Strongest images of every unit",
            "preferences": "Preferred images of layers",
        },
    ),
    Counterpart(
        "2, 3",
        "Simplified images: how little is enough to name the scene",
        "The way to the minimal image of every picture, and the objects that a scene keeps",
        {"minimal#kept-question": "Minimal images"},
    ),
    Counterpart(
        "4",
        "How a receptive field is found: occluder, discrepancy maps, their mean",
        "The field of every unit beside what theory says; how it is measured stands in"
        " docs/receptive-fields.md",
        {"fields#sizes-question": "Sizes of fields"},
    ),
    Counterpart(
        "5",
        "Receptive fields of single units",
        "The fields of a layer’s units to scale, page by page",
        {"fields#gallery": "Fields to scale"},
    ),
    Counterpart(
        "6",
        "Segmentation by the units’ fields, and the table of field sizes",
        "Sizes by layer beside the paper’s; pictures with all but the field darkened, and which"
        " mask fits better",
        {
            "fields#sizes-question": "Sizes of fields",
            "segments#visible-question": "Segmented images",
        },
    ),
    Counterpart(
        "7",
        "The page on which people name a unit",
        "The worker’s page of a campaign, with how-to and practice",
        {"/label/": "Label units"},
    ),
    Counterpart(
        "8",
        "Precision of the units, sorted, and how many are above the threshold",
        "Sorted precision of each layer; mean precision and units above the threshold",
        {
            "meanings#sorted-question": "Sorted precision",
            "meanings#precision-question": "Precision by layer",
        },
    ),
    Counterpart(
        "9",
        "Units of each semantic group, with their images",
        "The units that keep to their concept best, for each of the six groups",
        {"meanings#groups": "Units of each group"},
    ),
    Counterpart(
        "10",
        "Semantic groups by layer, in numbers and as shares",
        "Numbers and shares of the six groups by layer, by answer or by unit",
        {
            "meanings#counts-question": "Numbers of each group",
            "meanings#categories-question": "Shares of each group",
        },
    ),
    Counterpart(
        "11",
        "Objects that emerged: units per object",
        "Units per object and layer; machine-made counts by the classes of masks",
        {"objects": "Objects", "detectors#detectors-question": "Detectors"},
    ),
    Counterpart(
        "12",
        "Why these objects: how frequent, and how informative",
        "Units per object against how frequent and how informative each object is",
        {"objects": "Objects"},
    ),
    Counterpart(
        "13",
        "Scene and objects of one image in one pass",
        "How well named units find objects, with pictures; and an image of your own",
        {"localisation#localised-question": "Localisation", "analysis:try": "Try an image"},
    ),
)


NO_WEIGHTS = "This network has no weights here and cannot be run."


class Place(NamedTuple):
    """Where a counterpart is to be seen; or why it is not yet, and what brings it about."""

    words: str
    address: str = ""
    why: str = ""
    order: str = ""  # what a researcher runs


class Shown(NamedTuple):
    """One line of the list."""

    figure: Counterpart
    places: list[Place]


def counterparts(network: Network) -> list[Shown]:
    """Return every figure of the paper with where its counterpart is, for this network."""
    known = dict(_tabs(network))
    return [
        Shown(one, [_place(network, place, words, known) for place, words in one.places.items()])
        for one in COUNTERPARTS
    ]


def _tabs(network: Network) -> Iterator[tuple[str, Place]]:
    """Give each page of findings: where it is, or why it has nothing to show."""
    labelled = UnitSemantics.objects.filter(unit__layer__network=network).exists()
    for tab in findings.TABS.values():
        place = Place(tab.title, reverse(tab.address, args=[network.slug]))
        if tab.step and not findings.runs_with(network, tab.step).exists():
            order = f"manage.py analyze {network.slug} IMAGES --steps {tab.steps}"
            none = f"No run of this network has finished the step {tab.step} yet."
            place = Place(tab.title, why=none, order=order)
            if network.published_only:
                place = Place(tab.title, why=NO_WEIGHTS)
        elif not tab.step and not labelled:
            order = f"manage.py open_campaign NAME --network {network.slug} --images IMAGES"
            place = Place(tab.title, why="No unit of this network has a label yet.", order=order)
        yield tab.name, place


def _place(network: Network, place: str, words: str, known: Mapping[str, Place]) -> Place:
    """Return where a place of a counterpart is for this network, or what it lacks."""
    if place.startswith("/"):
        return Place(words, place)
    if place.startswith("analysis:"):
        if network.published_only:
            return Place(words, why=NO_WEIGHTS)
        return Place(words, reverse(place, args=[network.slug]))
    tab, _, anchor = place.partition("#")
    found = known.get(tab, Place(words, why="Unitscope has no such page."))
    lands = f"{found.address}#{anchor}" if found.address and anchor else found.address
    return found._replace(words=words, address=lands)
