"""A picture of what masks say of a unit: a strong image with the unit's best class lit in it."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL.Image import Image as Picture

from analysis.core.images import (
    ImageRefused,
    Preprocessing,
    below,
    open_image,
    open_mask,
    view,
    view_mask,
)
from analysis.core.marking import TRUTH, marked
from analysis.models import ClassScore, Image, Run, TopImage, Unit

SIDE = 224
TRIED = 10  # strong images that are looked through for one that holds the class
QUALITY = 80


def lit(run: Run, unit: Unit) -> bytes | None:
    """Return the strongest of the unit's images that holds its best class, that class lit; WebP.

    Where none of the strongest holds it, the first of them as it is. Made when it is asked for:
    it needs the images and masks where the set was registered. None where the unit has no class,
    or none of its strongest images can be read any more.
    """
    score = ClassScore.objects.filter(run=run, unit=unit, rank=0).first()
    if score is None:
        return None
    tops = TopImage.objects.filter(run=run, unit=unit, end=TopImage.End.TOP, rank__lt=TRIED)
    preparation = Preprocessing.from_json(run.network.preprocessing)
    root, without = Path(run.image_set.root), None
    for top in tops.select_related("image").order_by("rank"):
        try:
            mask = _mask(root, top.image, preparation) == score.label
            if mask.any():
                return _drawn(root, top.image, preparation, mask)
            without = without or _drawn(root, top.image, preparation, mask)
        except (ImageRefused, OSError):
            continue  # another may still be there
    return without


def _mask(root: Path, image: Image, preparation: Preprocessing) -> np.ndarray:
    """Return the classes of what the network sees of an image; -1 without a mask that fits."""
    nothing = np.full((preparation.height, preparation.width), -1)
    if not image.mask:
        return nothing
    mask = open_mask(below(root, image.mask))
    return view_mask(mask, preparation) if mask.shape == (image.height, image.width) else nothing


def _drawn(root: Path, image: Image, preparation: Preprocessing, mask: np.ndarray) -> bytes:
    seen = view(open_image(below(root, image.path)), preparation)
    shown = marked(_as_shown(seen), mask, colour=TRUTH)
    out = BytesIO()
    shown.save(out, "WEBP", quality=QUALITY)
    return out.getvalue()


def _as_shown(seen: Picture) -> Picture:
    """Return what a network sees, as large as a page shows it."""
    scale = SIDE / max(seen.size)
    return seen.resize((max(1, round(seen.width * scale)), max(1, round(seen.height * scale))))
