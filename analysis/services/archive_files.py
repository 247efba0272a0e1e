"""The files of an archive: pictures, results of runs, manifests of image sets, weights.

Out: pictures stand by unit and rank, never by the secret name that they are fetched by. In: they
get names made with this installation's own secret, and nothing is written by a name that the
archive chose freely.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from analysis.core.archives import Archive, ArchiveRefused, Member, an_object, pack
from analysis.core.arrays import fault
from analysis.models import Layer, Localisation, MinimalImage, Network, Run, Segment
from analysis.services import files, preferring
from analysis.services.archive_shapes import RESULTS, insist_on
from analysis.services.archive_tables import LOCALISATIONS, image_sets_of, place, runs_of
from analysis.services.pictures import imported_token, picture_folder, preferred_token

TENSORS = "weights.safetensors"  # nothing else is taken: exported programs are code
PICTURE = re.compile(r"[a-z0-9]{1,40}-[a-z0-9]{1,20}\.webp")
PREFERRED = "preferred"
LARGEST_FILE = 2 * 2**30


@dataclass
class Naming:
    """What things of an archive are called here."""

    network: str
    image_sets: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, str] = field(default_factory=dict)  # keys
    renamed: dict[str, str] = field(default_factory=dict)  # campaigns
    # Image sets that are here already with the same images: nothing of theirs is written.
    shared: frozenset[str] = frozenset()
    weights: str = ""

    def token(self, run: str, where: str) -> str:
        """Return the token of pictures that stand at a place of a run's pack.

        No row names those of preferred images: their token is worked out anew, as `prefer` does.
        """
        room, _, image = where.partition("/")
        if room == PREFERRED and image.isascii() and image.isdigit():
            return preferred_token(self.runs[run], int(image))
        return imported_token(self.runs[run], where)

    def manifest(self, image_set: str, archive: Archive) -> str:
        """Return where the list of a set's images will lie; nothing if the archive has none."""
        there = f"image-sets/{image_set}/manifest.parquet" in archive.members
        return f"image-sets/{self.image_sets[image_set]}/manifest.parquet" if there else ""


class Placed(NamedTuple):
    """A file of the archive with its place here."""

    name: str
    member: str


def files_of(network: Network, *, weights: bool) -> Iterator[Member]:
    """Write the files of a network's archive, one after the other."""
    for run in runs_of(network).order_by("key"):
        yield from _results(run)
        for layer in run.layers.order_by("position", "pk"):
            yield pack(f"pictures/{run.key}/{layer.position:04}.tar", _of_layer(run, layer))
        yield pack(f"pictures/{run.key}/minimal.tar", _of_minimal(run))
        yield pack(f"pictures/{run.key}/examples.tar", _of_examples(run))
        yield pack(f"pictures/{run.key}/preferred.tar", _of_preferred(run))
    for image_set in image_sets_of(network).order_by("slug"):
        yield from _below(f"image-sets/{image_set.slug}", f"image-sets/{image_set.slug}")
    if weights and network.weights:
        yield Member(f"weights/{TENSORS}", files.pieces(network.weights))


def insist_on_tensors(network: Network) -> None:
    """Refuse to hand on weights that are code, or that are not here.

    Raises:
        ArchiveRefused: says what else there is.
    """
    if network.arch.startswith("exported:"):
        raise ArchiveRefused(
            f"{network.slug} is an exported program, which is code: an archive takes none. Export"
            " without --weights, and hand the program on yourself to people who trust you."
        )
    if not network.weights or not files.exists(network.weights):
        raise ArchiveRefused(f"{network.slug} has no weights here: export without --weights.")


def placed(archive: Archive, naming: Naming) -> Iterator[Placed]:
    """Give the files of an archive that are members, with their places here.

    Raises:
        ArchiveRefused: a member stands where none belongs.
    """
    for name in archive.members:
        if not name.startswith(("tables/", "pictures/")) and (here := _here(archive, naming, name)):
            yield Placed(here, name)


def _here(archive: Archive, naming: Naming, name: str) -> str:
    """Return where a member that is a file belongs here; nothing where it is not taken."""
    room, _, rest = name.partition("/")
    first, _, below = rest.partition("/")
    if room == "results" and below and first in naming.runs:
        return f"runs/{naming.runs[first]}/{below}"
    if room == "image-sets" and below and first in naming.image_sets:
        return "" if first in naming.shared else f"image-sets/{naming.image_sets[first]}/{below}"
    if name == f"weights/{TENSORS}":
        return naming.weights
    if name == f"names/{archive.members[name]['sha256']}.json":
        return name
    raise ArchiveRefused(f"{archive.name} holds {name[:100]!r}, which belongs nowhere.")


def put(archive: Archive, naming: Naming) -> None:
    """Write all files of an archive; each appears whole, and no row names them yet."""
    for file in placed(archive, naming):
        if archive.members[file.member]["bytes"] > LARGEST_FILE:
            raise ArchiveRefused(f"{file.member} is larger than {LARGEST_FILE / 2**30:.0f} GiB.")
        _insist_on_result(archive, file.member)
        files.write_pieces(file.name, archive.pieces(file.member))
    for run, folder, name, data in _pictures(archive, naming):
        files.write(f"{picture_folder(naming.token(run, folder))}/{name}", data)


def _insist_on_result(archive: Archive, member: str) -> None:
    """Refuse a result that pages read, if it is not what was written here: JSON, or numbers.

    Raises:
        ArchiveRefused: names the place inside.
    """
    room, _, below = member.partition("/")
    if member.endswith(".npz") and (why := fault(b"".join(archive.pieces(member)), LARGEST_FILE)):
        raise ArchiveRefused(f"{member} of {archive.name} {why}.")
    shape = RESULTS.get(below.partition("/")[2]) if room == "results" else None
    if shape is not None:
        insist_on(shape, an_object(b"".join(archive.pieces(member)), member), f"{member}: ")


def folders(archive: Archive, naming: Naming) -> set[str]:
    """Return the folders that `put` fills, and nobody else."""
    own = naming.image_sets.keys() - naming.shared
    pictures = {naming.token(run, folder) for run, folder, _, _ in _pictures(archive, naming)}
    return {
        f"networks/{naming.network}",
        *(f"runs/{key}" for key in naming.runs.values()),
        *(f"image-sets/{naming.image_sets[slug]}" for slug in own),
        *map(picture_folder, pictures),
    }


def _pictures(archive: Archive, naming: Naming) -> Iterator[tuple[str, str, str, bytes]]:
    """Give run, place, file and bytes of every picture of an archive."""
    for member in archive.below("pictures"):
        run = member.split("/")[1]
        if run not in naming.runs:
            raise ArchiveRefused(f"{archive.name} holds {member!r}, but not its run.")
        for path, data in archive.packed(member):
            folder, _, name = path.rpartition("/")
            if not PICTURE.fullmatch(name) or not folder:
                raise ArchiveRefused(f"{member}: {path[:100]!r} is no picture's name.")
            yield run, folder, name, data


def _results(run: Run) -> Iterator[Member]:
    """Give whatever lies in a run's folder, and the names that it was asked with."""
    yield from _below(f"runs/{run.key}", f"results/{run.key}")
    key = run.recipe.get("options", {}).get("localise", {}).get("names", "")
    if key and files.exists(f"names/{key}.json"):
        yield Member(f"names/{key}.json", files.pieces(f"names/{key}.json"))


def _below(folder: str, room: str) -> Iterator[Member]:
    for name in files.below(folder):
        yield Member(f"{room}/{name.removeprefix(f'{folder}/')}", files.pieces(name))


def _of_layer(run: Run, layer: Layer) -> Iterator[tuple[str, bytes]]:
    """Give the pictures of a layer's units, by unit, end and rank."""
    ways = {
        "end": "top_image__end",
        "rank": "top_image__rank",
        "channel": "top_image__unit__channel",
    }
    rows = Segment.objects.filter(top_image__run=run, top_image__unit__layer=layer)
    found = rows.order_by("top_image__unit__channel", "top_image__end", "top_image__rank")
    for token, *values in found.values_list("token", *ways.values()).iterator():
        told: dict[str, Any] = dict(zip(ways, values, strict=True))
        yield from _files(token, place("units", told | {"layer": layer.name}))


def _of_minimal(run: Run) -> Iterator[tuple[str, bytes]]:
    rows = MinimalImage.objects.filter(run=run).order_by("image__number", "regions")
    for token, image, regions in rows.values_list("token", "image__number", "regions"):
        yield from _files(token, place("minimal", {"image": image, "regions": regions}))


def _of_examples(run: Run) -> Iterator[tuple[str, bytes]]:
    rows = Localisation.objects.filter(run=run).exclude(examples=[])
    for row in rows.select_related("unit__layer").order_by(*LOCALISATIONS.order):
        unit = {"layer": row.unit.layer.name, "channel": row.unit.channel} if row.unit else {}
        for one in row.examples:
            told = {"concept": row.concept, **unit, "rank": one["rank"]}
            yield from _files(one["token"], place("examples", told))


def _of_preferred(run: Run) -> Iterator[tuple[str, bytes]]:
    for number in preferring.numbers(run):
        yield from _files(preferred_token(run.key, number), f"{PREFERRED}/{number}")


def _files(token: str, where: str) -> Iterator[tuple[str, bytes]]:
    folder = picture_folder(token)
    for name in files.below(folder):
        yield f"{where}/{name.removeprefix(f'{folder}/')}", files.read(name)
