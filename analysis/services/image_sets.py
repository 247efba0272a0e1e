"""Image sets: asked for, imported from a folder, opened."""

from analysis.core.manifest import Manifest
from analysis.models import ImageSet
from analysis.services import files


class ImageSetRefused(ValueError):
    """An image set cannot be made; the message says why and what to do."""


def open_manifest(image_set: ImageSet) -> Manifest:
    """Return the list of an imported set's images.

    Raises:
        FileNotFoundError: the set was not imported, or its manifest is gone.
    """
    return Manifest(files.local(image_set.manifest or f"image-sets/{image_set.slug}/none"))
