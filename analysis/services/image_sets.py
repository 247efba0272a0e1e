"""Image sets: asked for, imported from a folder with every file read once, opened."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, TextIO

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from analysis.core.images import (
    ImageRefused,
    Preprocessing,
    below,
    open_image,
    open_mask,
    view,
)
from analysis.core.listing import Listed, Listing, Refused
from analysis.core.manifest import Entry, Manifest, ManifestWriter
from analysis.models import ImageSet, State
from analysis.services import files
from analysis.services.registering import RegistrationRefused, check_slug

logger = logging.getLogger(__name__)
# Files that are checked side by side before the next ones are listed.
AT_ONCE = 256
SECONDS_BETWEEN = 2
Progress = Callable[[int, int], None]


class ImageSetRefused(RegistrationRefused):
    """An image set cannot be made; the message says why and what to do."""


def request_image_set(
    *, slug: str, folder: Path | str, user: User | None = None, note: str = ""
) -> ImageSet:
    """Return a new image set that waits for its import; the images stay where they are.

    The caller enqueues `tasks.import_images`. A set of this name whose import failed, and that no
    run uses, is replaced.

    Raises:
        ImageSetRefused: a bad or taken name, or no such folder.
    """
    try:
        check_slug(slug)
    except ValueError as error:
        raise ImageSetRefused(str(error)) from error
    root = Path(folder).resolve()
    if not root.is_dir():
        raise ImageSetRefused(f"There is no folder {folder}.")
    if len(str(root)) > 1000:
        raise ImageSetRefused("The path of the folder is longer than 1,000 letters.")
    image_set = ImageSet(slug=slug, root=str(root), note=note, created_by=user)
    try:
        with transaction.atomic():
            ImageSet.objects.filter(slug=slug, state=State.FAILED, runs=None, images=None).delete()
            image_set.save(force_insert=True)
    except IntegrityError as error:
        raise ImageSetRefused(f"There is an image set named {slug!r} already.") from error
    return image_set


def open_manifest(image_set: ImageSet) -> Manifest:
    """Return the list of an imported set's images.

    Raises:
        FileNotFoundError: the set was not imported, or its manifest is gone.
    """
    return Manifest(files.local(image_set.manifest or f"image-sets/{image_set.slug}/none"))


def refused_files(image_set: ImageSet, limit: int | None = None) -> Iterator[Refused]:
    """Yield the files that were left out, and why; all of them without a limit."""
    name = refused_name(image_set)
    if not files.exists(name):
        return
    with files.local(name).open(encoding="utf-8") as lines:
        for line in islice(lines, limit):
            yield Refused(**json.loads(line))


def refused_name(image_set: ImageSet) -> str:
    """Return where the list of refused files lies: one JSON object a line."""
    return f"image-sets/{image_set.slug}/refused.jsonl"


def import_again(image_set: ImageSet) -> bool:
    """Let a worker import a folder anew that failed, or whose worker was lost; False if done.

    The caller enqueues `tasks.import_images`.
    """
    open_again = ImageSet.objects.filter(pk=image_set.pk).exclude(state=State.DONE)
    return bool(open_again.update(state=State.WAITING, error=""))


def delete(image_set: ImageSet) -> None:
    """Delete an image set that no run uses; the images stay where they are.

    Raises:
        ImageSetRefused: runs rest on it.
    """
    if image_set.runs.exists():
        raise ImageSetRefused(f"Image set {image_set} has runs: delete them first.")
    folder = f"image-sets/{image_set.slug}"
    with transaction.atomic():
        image_set.images.all().delete()
        image_set.delete()
        transaction.on_commit(partial(files.remove, folder))


def sample(image_set: ImageSet, wanted: int) -> list[int]:
    """Return the numbers of a few images, from the first to the last at equal steps."""
    count = min(wanted, image_set.count)
    return [place * (image_set.count - 1) // max(count - 1, 1) for place in range(count)]


def thumbnail(image_set: ImageSet, number: int, side: int = 224) -> bytes:
    """Return the middle of one image as a small WebP, made by us: never the original's bytes.

    Raises:
        ImageRefused: the image has gone or changed since the import.
        IndexError: there is no such number.
    """
    entry = open_manifest(image_set)[number]
    image = open_image(below(Path(image_set.root), entry.path))
    image = view(image, Preprocessing(side, side, interpolation="bicubic"))
    image.info.clear()  # a colour profile, comments, where it was taken
    out = BytesIO()
    image.save(out, "WEBP", quality=80)
    return out.getvalue()


def import_images(image_set: ImageSet, progress: Progress | None = None) -> None:
    """Read every file of the folder and write the manifest and the list of refused files.

    Ends as done, or as failed with the reason in its row; a second call does nothing.
    ``progress`` is told the number of files read, and of all.
    """
    waiting = ImageSet.objects.filter(pk=image_set.pk, state=State.WAITING)
    if not waiting.update(state=State.RUNNING, error=""):
        return
    try:
        _import(image_set, _told_in_row(image_set, progress))
    except ValueError as refused:
        _failed(image_set, str(refused))
    except Exception as error:
        logger.exception("The import of %s broke off", image_set)
        _failed(image_set, f"The import broke off: {type(error).__name__}: {error}")
        raise


def _told_in_row(image_set: ImageSet, progress: Progress | None) -> Progress:
    """Return a progress that also keeps the row's count, seldom, for who watches the page."""
    told = monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if monotonic() - told > SECONDS_BETWEEN:
            told = monotonic()
            ImageSet.objects.filter(pk=image_set.pk).update(count=done)
        if progress:
            progress(done, total)

    return tell


def _import(image_set: ImageSet, progress: Progress) -> None:
    root = Path(image_set.root)
    with TemporaryDirectory(prefix="unitscope-import-") as folder:
        place = Path(folder)
        listing = Listing(root, place / "listing.sqlite3")
        try:
            with (
                ManifestWriter(place / "manifest") as writer,
                (place / "refused").open("w", encoding="utf-8") as out,
            ):
                refused = _check_all(listing, writer, out, progress)
        finally:
            listing.close()
        if not writer.count:
            raise ImageSetRefused(_nothing(root, place / "refused"))
        image_set.manifest = f"image-sets/{image_set.slug}/manifest.parquet"
        files.copy_in(image_set.manifest, place / "manifest")
        files.copy_in(refused_name(image_set), place / "refused")
    image_set.count, image_set.refused = writer.count, refused
    image_set.labels = listing.labels if writer.masks else {}
    image_set.scenes = dict(sorted(writer.scenes.items()))
    image_set.fingerprint = writer.fingerprint(image_set.labels)
    image_set.state, image_set.error = State.DONE, ""
    with transaction.atomic():
        # Deleted meanwhile, it stays deleted: a plain save would write the row anew.
        if ImageSet.objects.select_for_update().filter(pk=image_set.pk).exists():
            image_set.save()


def _check_all(listing: Listing, writer: ManifestWriter, out: TextIO, progress: Progress) -> int:
    """Check every file on several threads, in order; return how many were refused."""
    count = done = 0
    total = len(listing)
    indexes = {one["index"] for one in listing.labels.get("classes", ())}
    check = partial(checked, listing.root, indexes | {listing.labels.get("void_index")})

    def refuse(one: Refused) -> None:
        nonlocal count
        count += 1
        out.write(json.dumps({"path": one.path, "reason": one.reason}) + "\n")

    for one in listing.refused():
        refuse(one)
    found = listing.files()
    # Decoders and sha256 let other threads run; a worker may not start processes of its own.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while batch := list(islice(found, AT_ONCE)):
            for fields, refused in pool.map(check, batch):
                if fields:
                    writer.add(Entry(number=writer.count, **fields))
                if refused:
                    refuse(refused)
            done += len(batch)
            progress(done, total)
    return count


def checked(
    root: Path, indexes: set[int | None], listed: Listed
) -> tuple[dict[str, Any] | None, Refused | None]:
    """Return an image's fields, none if it is refused, and what is refused: it, or its mask."""
    try:
        path = below(root, listed.path)
        width, height = open_image(path).size
        sha256 = _sha256(path)
    except (ImageRefused, OSError) as reason:
        return None, Refused(listed.path, _told(reason))
    fields: dict[str, Any] = {"path": listed.path, "mask": "", "scene": listed.scene}
    fields |= {"width": width, "height": height}
    refused = None
    if listed.mask:
        try:
            mask = below(root, listed.mask)
            _check_mask(open_mask(mask), (height, width), indexes)
            fields["mask"] = listed.mask
            sha256.update(_sha256(mask).digest())
        except (ImageRefused, OSError) as reason:
            refused = Refused(listed.mask, f"mask left out, its image is kept: {_told(reason)}")
    return fields | {"digest": sha256.digest()[:16]}, refused


def _check_mask(mask: np.ndarray, shape: tuple[int, int], indexes: set[int | None]) -> None:
    if mask.shape != shape:
        raise ImageRefused(
            f"it has {mask.shape[1]} × {mask.shape[0]} pixels, "
            f"its image {shape[1]} × {shape[0]} (upright)"
        )
    unknown = sorted(set(np.unique(mask).tolist()) - indexes)
    if unknown:
        some = ", ".join(map(str, unknown[:5]))
        raise ImageRefused(f"it holds indexes that labels.json does not name: {some}")


def _told(error: ImageRefused | OSError) -> str:
    """Return a reason without the absolute path that an error of the system carries."""
    return (error.strerror or "it cannot be read") if isinstance(error, OSError) else str(error)


def _sha256(path: Path) -> Any:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256")


def _nothing(root: Path, refused: Path) -> str:
    with refused.open(encoding="utf-8") as lines:
        first = [json.loads(line) for line in islice(lines, 3)]
    some = "; ".join(f"{one['path']}: {one['reason']}" for one in first)
    return f"No readable image was found below {root}. {some}".strip()


def _failed(image_set: ImageSet, reason: str) -> None:
    told = reason.replace("\0", "")[:2000]  # a file may have brought one
    ImageSet.objects.filter(pk=image_set.pk).update(state=State.FAILED, error=told)
    image_set.refresh_from_db()
