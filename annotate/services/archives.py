"""A network with all that is known of it as one file, and back: see docs/archive.md."""

import fcntl
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from analysis.core import archives
from analysis.core.archives import Archive, ArchiveRefused
from analysis.models import ImageSet, Network, Run, State
from analysis.services import archive_files, archive_rows, archive_tables, files
from analysis.services.archive_files import TENSORS, Naming
from analysis.services.registering import RegistrationRefused, check_slug
from analysis.services.tables import moment
from annotate.models import Campaign
from annotate.services import archive_answers

MOST_GB = 100
LONGEST_SLUG = 80
CAMPAIGN = re.compile(r"(?!new\Z)[\w-]{1,80}", re.ASCII)  # an address is called new
KEY = re.compile(r"[0-9a-f]{64}")  # of a run


@dataclass(frozen=True)
class Taken:
    """What came of an import: the network, and whether it was made now."""

    network: Network
    made: bool
    renamed: Mapping[str, str]  # image sets and campaigns whose names were taken


def export(network: Network, *, weights: bool = False) -> Iterator[bytes]:
    """Write a network's archive piece by piece, in flat memory.

    Raises:
        ArchiveRefused: it is not inspected yet, or its weights were asked for and cannot go along.
    """
    if network.state != State.DONE:
        raise ArchiveRefused(f"{network.slug} is {network.state}: wait until it is inspected.")
    if weights:
        archive_files.insist_on_tensors(network)
    members = chain(
        archive_tables.tables_of(network),
        archive_answers.tables_of(network),
        archive_files.files_of(network, weights=weights),
    )
    return archives.written(members, _about(network))


def take(path: Path, *, name: str = "", weights: bool = False, most_gb: float = MOST_GB) -> Taken:
    """Import an archive: all of it, or nothing.

    ``name``: what the network is to be called, where its own name is taken; whatever else has a
    name that is taken gets this one before it. The same archive a second time changes nothing.
    ``weights``: take them if the archive has them.

    Raises:
        ArchiveRefused: the file is damaged, of another version, too large, or a name is taken.
    """
    with Archive(path, int(most_gb * 2**30)) as archive, _alone():
        there = Network.objects.filter(imported=archive.content).order_by("pk")
        if found := (there.filter(slug=name) if name else there).first():
            return Taken(found, made=False, renamed={})
        archive.check()
        return _write(archive, _naming(archive, name, weights))


def _write(archive: Archive, naming: Naming) -> Taken:
    """Put the files where no row names them yet, then write all rows at once."""
    with _journal(archive, naming):
        archive_files.put(archive, naming)
        try:
            with transaction.atomic():
                places = archive_rows.write(archive, naming)
                archive_answers.write(archive, places)
        except ArchiveRefused:
            raise
        except (DatabaseError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ArchiveRefused(
                f"{archive.name} contradicts itself: {type(error).__name__}: {str(error)[:200]}"
            ) from error
    changed = {old: new for old, new in naming.image_sets.items() if old != new}
    return Taken(places.network, made=True, renamed=changed | naming.renamed)


def _about(network: Network) -> dict[str, Any]:
    """Return what a manifest says of the whole."""
    campaigns = archive_answers.campaigns_of(network)
    unfinished = network.runs.exclude(state=State.DONE).count()
    return {
        "network": network.slug,
        "synthetic": network.synthetic,
        "simulated": sorted(campaigns.filter(simulated=True).values_list("slug", flat=True)),
        "exported_at": moment(timezone.now()),
        "left_out": [f"{unfinished} runs that are not done"] if unfinished else [],
    }


def _naming(archive: Archive, name: str, weights: bool) -> Naming:
    """Return what everything is called here.

    Raises:
        ArchiveRefused: a name is taken, or cannot be one.
    """
    network = name or str(archive_rows.only(archive, "network")[1].get("slug"))
    try:
        check_slug(network)
    except RegistrationRefused as error:
        raise ArchiveRefused(str(error)) from error
    if Network.objects.filter(slug=network).exists():
        raise ArchiveRefused(
            f"There is a network named {network!r} already: say --as NAME to import this one beside"
            " it."
        )
    image_sets = dict(_pairs(archive, "image_sets", "slug", "fingerprint"))
    rows = ImageSet.objects.filter(slug__in=image_sets)
    taken = dict(rows.values_list("slug", "fingerprint"))
    shared = frozenset(slug for slug, mark in taken.items() if mark and mark == image_sets[slug])
    campaigns = _named(archive, "campaigns", "slug")
    asked = set(Campaign.objects.filter(slug__in=campaigns).values_list("slug", flat=True))
    keys = _named(archive, "runs", "key")
    known = set(Run.objects.filter(key__in=keys).values_list("key", flat=True))
    return Naming(
        network=network,
        image_sets={slug: _free(slug, name, taken.keys() - shared) for slug in image_sets},
        runs={key: _key(archive, network, key) if key in known else key for key in keys},
        renamed={slug: _free(slug, name, asked) for slug in campaigns if slug in asked},
        shared=shared,
        weights=f"networks/{network}/{TENSORS}" if weights and _has_weights(archive) else "",
    )


def _free(slug: str, name: str, taken: Collection[str]) -> str:
    """Return what an image set or campaign is called here.

    Raises:
        ArchiveRefused: its name is taken, and no other was said.
    """
    if slug not in taken:
        return slug
    if not name:
        raise ArchiveRefused(
            f"There is an image set or campaign named {slug!r} already, and it is another one: say"
            " --as NAME to import this one beside it."
        )
    other = f"{name}-{slug}"[:LONGEST_SLUG]
    for model in (ImageSet, Campaign):
        if model._default_manager.filter(slug=other).exists():
            raise ArchiveRefused(f"{slug!r} and {other!r} are both taken: say another --as NAME.")
    return other


def _named(archive: Archive, table: str, column: str) -> list[str]:
    return [value for value, _ in _pairs(archive, table, column, column)]


def _pairs(archive: Archive, table: str, *columns: str) -> Iterator[tuple[str, str]]:
    """Give two texts of each row of a table.

    Raises:
        ArchiveRefused: a row lacks one.
    """
    for where, told in archive.rows(table):
        one, other = (told.get(column) for column in columns)
        if not isinstance(one, str) or not isinstance(other, str) or not _may_be(table, one):
            raise ArchiveRefused(f"{where}: {columns[0]} cannot be {str(one)[:80]!r}.")
        yield one, other


def _may_be(table: str, name: str) -> bool:
    """Tell whether a run, image set or campaign can have such a name in addresses."""
    if table == "image_sets":
        try:
            check_slug(name)
        except RegistrationRefused:
            return False
        return True
    return bool((KEY if table == "runs" else CAMPAIGN).fullmatch(name))


def _key(archive: Archive, network: str, key: str) -> str:
    """Return the key of a run whose own is taken: by the run it was exported from, here."""
    return sha256(f"{archive.content}/{network}/{key}".encode()).hexdigest()


def _has_weights(archive: Archive) -> bool:
    return f"weights/{TENSORS}" in archive.members


@contextmanager
def _alone() -> Iterator[None]:
    """Let one import after the other work on this machine, and clear up what a killed one left."""
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given up by the system when the process ends
        for left in _folder().glob("*.json"):
            _clear(left)
        yield


@contextmanager
def _journal(archive: Archive, naming: Naming) -> Iterator[None]:
    """Write down which folders are being filled; they are emptied unless all goes well."""
    about = {
        "network": naming.network,
        "content": archive.content,
        "folders": sorted(archive_files.folders(archive, naming)),
    }
    path = _folder() / f"{archive.content}.json"
    # Aside first: half a list would stop every import after this one.
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(about))
    aside.replace(path)
    try:
        yield
    finally:
        _clear(path)


def _clear(path: Path) -> None:
    """Remove what an import left behind whose rows are not there."""
    about = json.loads(path.read_text() or "{}")
    wanted = {"slug": about.get("network"), "imported": about.get("content")}
    if about and not Network.objects.filter(**wanted).exists():
        for folder in about["folders"]:
            if not _is_live(folder):
                files.remove(folder)
    path.unlink()


def _is_live(folder: str) -> bool:
    """Tell whether a folder is somebody's by now: of a network, image set or run so called."""
    room, _, name = folder.partition("/")
    if room == "networks":
        return Network.objects.filter(slug=name).exists()
    if room == "image-sets":
        return ImageSet.objects.filter(slug=name).exists()
    return room == "runs" and Run.objects.filter(key=name).exists()


def _folder() -> Path:
    return Path(settings.VAR) / "imports"
