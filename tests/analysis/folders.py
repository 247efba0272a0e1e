"""Folders of images to import, made by the tests themselves."""

import json

import numpy as np
from PIL import Image as Picture

from analysis.services import image_sets
from analysis.services.image_sets import open_manifest, request_image_set

LABELS = {"void_index": 9, "classes": [{"index": 0, "name": "wall"}, {"index": 1, "name": "bed"}]}


def picture(path, size=(12, 8), colour="red", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.new("RGB", size, colour).save(path, **options)
    return path


def mask(path, value=1, size=(12, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(np.full(size[::-1], value, np.uint8)).save(path)


def with_masks(root, names=("a", "b")):
    """The layout with scenes.csv, masks and labels."""
    for name in names:
        picture(root / "images" / f"{name}.png", colour=(len(name), 0, ord(name[0])))
        mask(root / "masks" / f"{name}.png")
    rows = "".join(f"{name}.png,{name}.png,bedroom,x\n" for name in names)
    (root / "scenes.csv").write_text(f"image,mask,scene,split\n{rows}", "utf-8")
    (root / "labels.json").write_text(json.dumps(LABELS))


def imported(root, slug="photos", **options):
    image_set = request_image_set(slug=slug, folder=root)
    image_sets.import_images(image_set, **options)
    image_set.refresh_from_db()
    return image_set


def refused(image_set):
    return {one.path: one.reason for one in image_sets.refused_files(image_set)}


def listed(image_set):
    return [(one.path, one.scene, one.mask) for one in open_manifest(image_set).entries()]
