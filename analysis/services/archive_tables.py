"""What an archive holds of a network: the tables of what is known, written and read."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from django.db.models import F, QuerySet

from analysis.core.archives import Member, table
from analysis.models import (
    ClassScore,
    ConceptMatch,
    Image,
    ImageSet,
    Job,
    LabelChange,
    Layer,
    Localisation,
    MatchDecision,
    MinimalImage,
    Network,
    ReceptiveField,
    Run,
    Segment,
    State,
    TopImage,
    UnitSemantics,
)
from analysis.services import archive_shapes as shapes
from analysis.services.archive_values import BATCH, UNIT, Table
from analysis.services.top_image_names import names_by_key

RUN = {"run": "run__key"}
SET = {"image_set": "image_set__slug"}
IN_ORDER = ("run__key", "unit__layer__position", "unit__channel")
HERE = frozenset({"state", "error", "imported"})
# Keys of a label's details that name images of its unit.
OF_IMAGES = ("votes", "kept", "tied")
SEGMENT = ("field", "visible", "disc_visible")

NETWORK = Table("network", Network, {}, ("slug",), HERE | {"weights", "public"}, shapes.NETWORK)
LAYERS = Table("layers", Layer, {}, ("position", "pk"))
IMAGE_SETS = Table(
    "image_sets", ImageSet, {}, ("slug",), HERE | {"root", "manifest"}, shapes.IMAGE_SET
)
IMAGES = Table("images", Image, SET, ("image_set__slug", "number"))
RUNS = Table("runs", Run, SET, ("key",), HERE, shapes.RUN)
JOBS = Table(
    *("jobs", Job, RUN, ("run__key", "position")),
    left_out=frozenset({"error", "worker", "attempt", "beat_at", "due_at"}),
)
TOP_IMAGES = Table(
    "top_images", TopImage, RUN | UNIT | {"image": "image__number"}, (*IN_ORDER, "end", "rank")
)
SEGMENTS = Table("segments", Segment, {}, ())
FIELDS = Table("receptive_fields", ReceptiveField, RUN | UNIT, IN_ORDER)
CLASS_SCORES = Table("class_scores", ClassScore, RUN | UNIT, (*IN_ORDER, "rank"))
MINIMAL = Table(
    "minimal_images",
    MinimalImage,
    RUN | {"image": "image__number"},
    ("run__key", "image__number", "regions"),
    shapes=shapes.MINIMAL,
)
LOCALISATIONS = Table(
    "localisations",
    Localisation,
    RUN | UNIT,
    (
        *("run__key", "concept"),
        F("unit__layer__position").asc(nulls_first=True),
        F("unit__channel").asc(nulls_first=True),
    ),
    shapes=shapes.LOCALISATION,
)
MATCHES = Table("matches", ConceptMatch, SET, ("image_set__slug", "concept"))
DECISIONS = Table(
    "match_decisions",
    MatchDecision,
    {
        "image_set": "match__image_set__slug",
        "concept": "match__concept",
        "undoes": "undoes__number",
    },
    ("match__image_set__slug", "match__concept", "number"),
)
SEMANTICS = Table(
    *("semantics", UnitSemantics, RUN | UNIT, (*IN_ORDER[1:], "source", "origin")),
    shapes=shapes.SEMANTICS,
)
CHANGES = Table("label_changes", LabelChange, UNIT, (*IN_ORDER[1:], "at", "pk"))


def runs_of(network: Network) -> QuerySet[Run]:
    """Return the runs that go into an archive: those that are done."""
    return Run.objects.filter(network=network, state=State.DONE)


def image_sets_of(network: Network) -> QuerySet[ImageSet]:
    """Return the image sets that go into an archive."""
    return ImageSet.objects.filter(pk__in=runs_of(network).order_by().values("image_set"))


def place(kind: str, told: Mapping[str, Any]) -> str:
    """Return where the pictures of a row stand in the archive: the same in every archive."""
    if kind == "units":
        rank = f"{told['end']}-{told['rank']:04}"
        return f"units/{quote(told['layer'], safe='')}/{told['channel']}/{rank}"
    if kind == "minimal":
        return f"minimal/{told['image']}-{told['regions']}"
    who = f"{told['layer']}/{told['channel']}" if told.get("layer") else told["concept"]
    return f"examples/{quote(who, safe='')}/{told['rank']}"


def tables_of(network: Network) -> Iterator[Member]:
    """Write the tables of what is known of a network, one after the other."""
    runs, sets = runs_of(network), image_sets_of(network)
    of_runs = {"run__in": runs.order_by().values("pk")}
    yield table("network", map(_told_network, NETWORK.rows(Network.objects.filter(pk=network.pk))))
    yield table("layers", LAYERS.rows(network.layers.all()))
    yield table("image_sets", IMAGE_SETS.rows(sets))
    yield table("images", IMAGES.rows(Image.objects.filter(image_set__in=sets.values("pk"))))
    yield table("runs", map(_with_layers, RUNS.rows(runs)))
    yield table("jobs", JOBS.rows(Job.objects.filter(**of_runs)))
    segment = {name: f"segment__{name}" for name in SEGMENT}
    yield table("top_images", TOP_IMAGES.rows(TopImage.objects.filter(**of_runs), **segment))
    yield table("receptive_fields", FIELDS.rows(ReceptiveField.objects.filter(**of_runs)))
    yield table("class_scores", CLASS_SCORES.rows(ClassScore.objects.filter(**of_runs)))
    yield table("minimal_images", MINIMAL.rows(MinimalImage.objects.filter(**of_runs)))
    found = LOCALISATIONS.rows(Localisation.objects.filter(**of_runs))
    yield table("localisations", map(_without_tokens, found))
    labels = UnitSemantics.objects.filter(unit__layer__network=network)
    # What was said of other networks over the same images is theirs.
    matched = ConceptMatch.objects.filter(
        image_set__in=sets.values("pk"), concept__in=labels.order_by().values("concept")
    )
    yield table("matches", MATCHES.rows(matched))
    decided = MatchDecision.objects.filter(match__in=matched.values("pk"))
    yield table("match_decisions", DECISIONS.rows(decided))
    keys = set(runs.values_list("key", flat=True))
    yield table("semantics", _named(SEMANTICS.rows(labels), keys))
    changes = LabelChange.objects.filter(unit__layer__network=network)
    yield table("label_changes", CHANGES.rows(changes))


def _told_network(told: dict[str, Any]) -> dict[str, Any]:
    """Leave out what its owner calls the file of its weights."""
    requested = {key: value for key, value in told["requested"].items() if key != "file"}
    return told | {"requested": requested}


def _with_layers(told: dict[str, Any]) -> dict[str, Any]:
    """Name a run's layers."""
    layers = Layer.objects.filter(runs__key=told["key"]).order_by("position", "pk")
    return told | {"layers": list(layers.values_list("name", flat=True))}


def _without_tokens(told: dict[str, Any]) -> dict[str, Any]:
    """Leave out the secret names of an example's pictures."""
    examples = [{k: v for k, v in one.items() if k != "token"} for one in told["examples"]]
    return told | {"examples": examples}


def _named(found: Iterator[dict[str, Any]], runs: set[str]) -> Iterator[dict[str, Any]]:
    """Name the images in labels' details by end and rank; forget runs that are not in the archive.

    An image that is gone is left out: nobody could look it up.
    """
    while some := list(islice(found, BATCH)):
        keys = {int(key) for told in some for key in _keys(told["details"])}
        names = names_by_key(keys)
        for told in some:
            told["details"] = renamed(told["details"], names)
            if told["run"] not in runs:
                told["run"] = None
            yield told


def _keys(details: Mapping[str, Any]) -> Iterator[Any]:
    for part in OF_IMAGES:
        yield from details.get(part, ())


def renamed(details: Mapping[str, Any], names: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a label's details with its images called otherwise; unknown ones are left out.

    ``names``: from keys to names; JSON has keys of objects as text, so both spellings are asked.
    """
    found = dict(details)
    votes = found.get("votes")
    if isinstance(votes, dict):
        ways = {key: names.get(int(key) if key.isdecimal() else key) for key in votes}
        found["votes"] = {str(ways[k]): vote for k, vote in votes.items() if ways[k] is not None}
    for part in OF_IMAGES[1:]:
        if isinstance(found.get(part), list):
            found[part] = [names[key] for key in found[part] if key in names]
    return found
