"""What an archive says of a network, written as rows: inside one transaction of the caller's."""

from collections.abc import Iterator
from dataclasses import fields
from itertools import islice
from typing import Any

from analysis.core.archives import Archive, ArchiveRefused
from analysis.models import (
    ConceptMatch,
    Image,
    ImageSet,
    LabelChange,
    Layer,
    Localisation,
    MatchDecision,
    MinimalImage,
    Network,
    Run,
    Segment,
    State,
    TopImage,
    Unit,
    UnitSemantics,
)
from analysis.services import archive_tables as tables
from analysis.services.archive_files import Naming
from analysis.services.archive_shapes import LAYER
from analysis.services.archive_values import BATCH, Places, Table, names_of_images, store
from analysis.services.recipes import Recipe
from analysis.services.semantics import UnitLabel
from analysis.services.steps import STEPS

MOST_UNITS = 1_000_000


def write(archive: Archive, naming: Naming) -> Places:
    """Write all rows of the tables of what is known; the network is private.

    Raises:
        ArchiveRefused: a table is missing, or a row says what cannot be.
    """
    places = Places(network=_network(archive, naming), renamed=naming.renamed)
    _layers(archive, places)
    _image_sets(archive, places, naming)
    _runs(archive, places, naming)
    store(_of_runs(archive, tables.JOBS, places))
    _top_images(archive, places, naming)
    store(_of_runs(archive, tables.FIELDS, places))
    store(_of_runs(archive, tables.CLASS_SCORES, places))
    store(_minimal(archive, places, naming))
    store(_localisations(archive, places, naming))
    _matches(archive, places)
    _semantics(archive, places)
    store(_changes(archive, places))
    return places


def only(archive: Archive, name: str) -> tuple[str, dict[str, Any]]:
    """Return the one row of a table, with its place.

    Raises:
        ArchiveRefused: there is none, or another one.
    """
    found = list(islice(archive.rows(name), 2))
    if len(found) != 1:
        raise ArchiveRefused(f"tables/{name}.jsonl must have one line, not {len(found)} or more.")
    return found[0]


def _network(archive: Archive, naming: Naming) -> Network:
    where, told = only(archive, "network")
    network: Network = _made(tables.NETWORK, told, where)
    network.slug, network.state, network.public = naming.network, State.DONE, False
    network.weights, network.imported = naming.weights, archive.content
    store(iter([network]))
    return network


def _made(table: Table, told: dict[str, Any], where: str, *more: str) -> Any:
    """Return a row that is not stored, for filling in what it belongs to."""
    return table.row(told, where, *more)


def _layers(archive: Archive, places: Places) -> None:
    """Write the layers and all units of each."""
    layers = [_made(tables.LAYERS, told, where) for where, told in archive.rows("layers")]
    for number, layer in enumerate(layers, start=1):
        if not LAYER.fullmatch(layer.name):
            raise ArchiveRefused(
                f"Layer {number} of {archive.name} cannot be named {layer.name!r}: a name has"
                " letters, digits, dots, dashes and underscores."
            )
        layer.network = places.network
    Layer.objects.bulk_create(layers)
    if sum(layer.channels for layer in layers) > MOST_UNITS:
        raise ArchiveRefused(f"{archive.name} has layers of more than {MOST_UNITS:,} units.")
    units = ((layer, channel) for layer in layers for channel in range(layer.channels))
    Unit.objects.bulk_create(
        (Unit(layer=layer, channel=channel) for layer, channel in units), batch_size=BATCH
    )
    rows = Unit.objects.filter(layer__network=places.network)
    places.units = {
        (layer, channel): key
        for layer, channel, key in rows.values_list("layer__name", "channel", "pk")
    }


def _image_sets(archive: Archive, places: Places, naming: Naming) -> None:
    """Write the image sets that are not here, and the images that results name."""
    for where, told in archive.rows("image_sets"):
        row = _made(tables.IMAGE_SETS, told, where)
        name, row.slug = row.slug, naming.image_sets[row.slug]
        there = ImageSet.objects.filter(slug=row.slug).first()
        if there is None:
            row.state, row.imported = State.DONE, archive.content
            row.manifest = naming.manifest(name, archive)
            store(iter([row]))
        places.image_sets[name] = there or row
    keys = [row.pk for row in places.image_sets.values()]
    store(_new_images(archive, places, _images(keys)))
    places.images = _images(keys)


def _images(image_sets: list[int]) -> dict[tuple[int, int], int]:
    rows = Image.objects.filter(image_set__in=image_sets).order_by()
    return {(of, number): key for of, number, key in rows.values_list("image_set", "number", "pk")}


def _new_images(
    archive: Archive, places: Places, there: dict[tuple[int, int], int]
) -> Iterator[Image]:
    for where, told in archive.rows("images"):
        image_set = places.image_set(told, where)
        row = _made(tables.IMAGES, told, where)
        row.image_set = image_set
        if (image_set.pk, row.number) not in there:
            yield row


def _runs(archive: Archive, places: Places, naming: Naming) -> None:
    for where, told in archive.rows("runs"):
        row = _made(tables.RUNS, told, where, "layers")
        _insist_on_recipe(row, where)
        key, row.key = row.key, naming.runs[row.key]
        row.network, row.image_set = places.network, places.image_set(told, where)
        row.state, row.imported = State.DONE, archive.content
        store(iter([row]))
        layers = list(Layer.objects.filter(network=row.network, name__in=told.get("layers", [])))
        if len(layers) != len(told.get("layers", [])):
            raise ArchiveRefused(f"{where}: the archive lacks one of its layers.")
        row.layers.set(layers)
        places.runs[key] = row


def _insist_on_recipe(run: Run, where: str) -> None:
    try:
        recipe = Recipe.from_json(run.recipe)
        for name in recipe.steps:
            if name in STEPS:
                STEPS[name].sentence(recipe)  # as every page of the run does
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArchiveRefused(f"{where}: {error}") from error


def _of_runs(archive: Archive, table: Table, places: Places) -> Iterator[Any]:
    """Give rows that belong to a run, and to a unit where they name one."""
    for where, told in archive.rows(table.name):
        row = _made(table, told, where)
        row.run = places.run(told, where)
        if "channel" in told:
            row.unit_id = places.unit(told, where)
        yield row


def _top_images(archive: Archive, places: Places, naming: Naming) -> None:
    """Write top images and, where they have any, their pictures' rows."""
    found = archive.rows("top_images")
    while some := list(islice(found, BATCH)):
        made = [_top_image(told, where, places) for where, told in some]
        TopImage.objects.bulk_create(made)
        Segment.objects.bulk_create(
            _segment(told, where, row, naming)
            for (where, told), row in zip(some, made, strict=True)
            if told.get("field") is not None
        )


def _top_image(told: dict[str, Any], where: str, places: Places) -> TopImage:
    row: TopImage = _made(tables.TOP_IMAGES, told, where, *tables.SEGMENT)
    row.run = places.run(told, where)
    row.unit_id = places.unit(told, where)
    row.image_id = places.image(row.run, told, where)
    return row


def _segment(told: dict[str, Any], where: str, top_image: TopImage, naming: Naming) -> Segment:
    values = {name: told.get(name) for name in tables.SEGMENT}
    row: Segment = _made(tables.SEGMENTS, values, where)
    row.top_image = top_image
    row.token = naming.token(told["run"], tables.place("units", told))
    return row


def _minimal(archive: Archive, places: Places, naming: Naming) -> Iterator[MinimalImage]:
    for where, told in archive.rows("minimal_images"):
        row: MinimalImage = _made(tables.MINIMAL, told, where)
        row.run = places.run(told, where)
        row.image_id = places.image(row.run, told, where)
        row.token = naming.token(told["run"], tables.place("minimal", told))
        yield row


def _localisations(archive: Archive, places: Places, naming: Naming) -> Iterator[Localisation]:
    for where, told in archive.rows("localisations"):
        row: Localisation = _made(tables.LOCALISATIONS, told, where)
        row.run = places.run(told, where)
        if told.get("layer") is not None:
            row.unit_id = places.unit(told, where)
        if not all(isinstance(one, dict) for one in row.examples):
            raise ArchiveRefused(f"{where}: its examples are no objects.")
        row.examples = [
            one | {"token": naming.token(told["run"], tables.place("examples", told | one))}
            for one in row.examples
        ]
        yield row


def _matches(archive: Archive, places: Places) -> None:
    """Write what concepts mean in image sets, save where it is known here already."""
    for where, told in archive.rows("matches"):
        image_set = places.image_set(told, where)
        row: ConceptMatch = _made(tables.MATCHES, told, where)
        row.image_set = image_set
        if not ConceptMatch.objects.filter(image_set=image_set, concept=row.concept).exists():
            row.save()
            places.matches[image_set.pk, row.concept] = row.pk
    for where, told in archive.rows("match_decisions"):
        match = places.matches.get((places.image_set(told, where).pk, told.get("concept", "")))
        if match is not None:
            _decision(told, where, match).save()


def _decision(told: dict[str, Any], where: str, match: int) -> MatchDecision:
    row: MatchDecision = _made(tables.DECISIONS, told, where)
    row.match_id = match
    if told.get("undoes") is not None:
        row.undoes = MatchDecision.objects.filter(match=match, number=told["undoes"]).first()
    return row


def _semantics(archive: Archive, places: Places) -> None:
    found = archive.rows("semantics")
    while some := list(islice(found, BATCH)):
        units = {places.unit(told, where) for where, told in some}
        names = {key: names_of_images(run, list(units)) for key, run in places.runs.items()}
        store(_label(told, where, places, names) for where, told in some)


def _changes(archive: Archive, places: Places) -> Iterator[LabelChange]:
    """Give the history of the units' labels."""
    for where, told in archive.rows("label_changes"):
        row = _made(tables.CHANGES, told, where)
        row.unit_id = places.unit(told, where)
        row.origin = places.renamed.get(row.origin, row.origin)
        yield row


def _label(
    told: dict[str, Any], where: str, places: Places, names: dict[str, dict[int, dict[str, int]]]
) -> UnitSemantics:
    row: UnitSemantics = _made(tables.SEMANTICS, told, where)
    try:
        UnitLabel(**{one.name: getattr(row, one.name) for one in fields(UnitLabel)})
    except ValueError as error:
        raise ArchiveRefused(f"{where}: {error}.") from error
    row.unit_id = places.unit(told, where)
    row.origin = places.renamed.get(row.origin, row.origin)
    if told.get("run") is not None:
        row.run = places.run(told, where)
        row.details = tables.renamed(row.details, names[told["run"]][row.unit_id])
    return row
