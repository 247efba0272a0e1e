"""The synthetic world: the same bytes from the same seed, exact masks, a layout that imports."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.core.bins import BINS
from analysis.core.dissection import DETECTS, Dissection, Scale
from analysis.core.lattice import Lattice
from demonstration.render import Camera, Development, Light, View, colour_in, draw
from demonstration.shapes import Kit, Paint, Thing
from demonstration.world import (
    CLASSES,
    NUMBER,
    REGIONS,
    SCENES,
    TELLING,
    World,
    is_telling,
    picture,
    write,
)

SMALL = World(seed=7, images=22, size=48)


@pytest.fixture(scope="module")
def drawn():
    """Ten pictures of each scene, small."""
    world = World(seed=11, images=110, size=64)
    return world, [picture(world, number) for number in range(world.images)]


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def a_box(paint=(0.8, 0.2, 0.2), size=(1.0, 1.0, 1.0), at=(0.0, 0.0, 4.0)):
    kit = Kit(np.random.default_rng(0))
    kit.box(size, at, Paint(paint))
    return Thing("bed", kit.solids)


def a_view(*things):
    camera = Camera((0.0, 0.5, 0.0), 0.0, 1.0, 0.5)
    light = Light(at=(0.0, 2.0, 0.0), strength=0.6, ambient=0.5)
    return View("bedroom", list(things), camera, light, Development(noise=0.0))


def test_a_picture_depends_on_seed_and_number_alone():
    first, again = picture(SMALL, 5), picture(World(seed=7, images=900, size=48), 5)
    assert first[0].tobytes() == again[0].tobytes()
    assert first[1].tobytes() == again[1].tobytes()
    other = picture(World(seed=8, images=22, size=48), 5)
    assert first[0].tobytes() != other[0].tobytes()


def test_any_number_of_processes_writes_the_same_bytes(tmp_path):
    assert write(SMALL, tmp_path / "one")
    assert write(SMALL, tmp_path / "two", workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_world_that_stands_is_left_alone_and_a_broken_one_goes_on(tmp_path):
    write(SMALL, tmp_path)
    whole = files(tmp_path)
    assert not write(SMALL, tmp_path)
    for name in ("labels.json", "scenes.csv", "images/000003.jpg", "masks/000009.png"):
        (tmp_path / name).unlink()
    kept = (tmp_path / "images/000001.jpg").stat().st_mtime_ns
    assert write(SMALL, tmp_path)
    assert files(tmp_path) == whole
    assert (tmp_path / "images/000001.jpg").stat().st_mtime_ns == kept


def test_a_folder_with_another_world_is_refused(tmp_path):
    write(SMALL, tmp_path)
    with pytest.raises(ValueError, match="another world"):
        write(World(seed=8, images=22, size=48), tmp_path)


@pytest.mark.parametrize(("images", "size"), [(0, 64), (5, 8), (5, 5000)])
def test_a_world_that_cannot_be_made_is_refused(images, size):
    with pytest.raises(ValueError, match="cannot be made"):
        World(images=images, size=size)


def test_the_layout_is_the_one_that_add_images_reads(tmp_path):
    write(SMALL, tmp_path)
    rows = list(csv.DictReader((tmp_path / "scenes.csv").open()))
    assert [row["scene"] for row in rows[: len(SCENES)]] == list(SCENES)
    described = json.loads((tmp_path / "labels.json").read_text())
    assert described["synthetic"] is True
    assert [one["name"] for one in described["classes"]] == list(CLASSES)
    pixels = np.zeros(len(CLASSES), int)
    for row in rows:
        image = Image.open(tmp_path / "images" / row["image"])
        mask = np.asarray(Image.open(tmp_path / "masks" / row["mask"]))
        assert (image.mode, image.size, mask.shape) == ("RGB", (48, 48), (48, 48))
        pixels += np.bincount(mask.ravel(), minlength=len(CLASSES))
    assert [one["pixels"] for one in described["classes"]] == pixels.tolist()


def test_every_pixel_has_a_class_and_no_class_is_missing(drawn):
    world, pairs = drawn
    seen = set()
    for image, labels in pairs:
        assert image.shape == (world.size, world.size, 3)
        assert labels.max() < len(CLASSES)
        seen.update(np.unique(labels).tolist())
    assert {CLASSES[number] for number in seen} == set(CLASSES)


def test_a_scene_shows_what_it_is_known_by_and_things_are_shared_between_scenes(drawn):
    world, pairs = drawn
    scenes = {name: set() for name in CLASSES}
    telling = 0
    for number, (_, labels) in enumerate(pairs):
        telling += is_telling(world.scene(number), labels)
        for label in np.unique(labels):
            scenes[CLASSES[label]].add(world.scene(number))
    assert telling >= 0.95 * world.images
    assert sum(len(found) >= 2 for found in scenes.values()) >= 25
    assert all(len(scenes[name]) >= 2 for name in ("chair", "lamp", "window", "tree", "person"))
    assert set(TELLING) == set(SCENES)


def test_rooms_do_not_tell_themselves_by_their_walls(drawn):
    """The mean brightness of the wall says nothing about which room it is."""
    world, pairs = drawn
    means = {}
    for number, (image, labels) in enumerate(pairs):
        wall = labels == NUMBER["wall"]
        if wall.sum() > 50:
            means.setdefault(world.scene(number), []).append(image[wall].mean())
    spread = np.mean([np.std(values) for values in means.values()])
    between = np.std([np.mean(values) for values in means.values()])
    assert len(means) == 5
    assert between < spread


def test_a_mask_is_where_the_thing_was_drawn():
    """A cube a metre wide, its front 3.5 m away at focal length 1: 1/3.5 of the width."""
    drawing = draw(a_view(a_box()), 140, NUMBER)
    rows, columns = np.nonzero(drawing.labels == NUMBER["bed"])
    assert columns.min() == pytest.approx(50, abs=1)
    assert columns.max() == pytest.approx(89, abs=1)
    assert rows.max() == pytest.approx(89, abs=1)
    image = colour_in(drawing, np.random.default_rng(0)).astype(int)
    red = image[..., 0] > 1.5 * image[..., 2]
    inside = drawing.labels == NUMBER["bed"]
    # Only pixels on the edge, which are mixed, may differ.
    assert (red != inside).sum() <= 4 * 41


def test_what_is_nearer_hides_what_is_behind():
    near, far = a_box(at=(0.0, 0.0, 4.0)), a_box(at=(0.0, 0.0, 8.0))
    near.name, far.name = "sofa", "bed"
    for order in ((near, far), (far, near)):
        labels = draw(a_view(*order), 64, NUMBER).labels
        assert (labels == NUMBER["sofa"]).any()
        assert not (labels == NUMBER["bed"]).any()


def test_faces_behind_the_viewer_are_cut_off():
    kit = Kit(np.random.default_rng(0))
    kit.sheet([(-9, 0, -9), (9, 0, -9), (9, 0, 9), (-9, 0, 9)], Paint((0.5, 0.5, 0.5)))
    labels = draw(a_view(Thing("floor", kit.solids, 0)), 64, NUMBER).labels
    assert (labels[40:] == NUMBER["floor"]).all()
    assert (labels[:30] == NUMBER["sky"]).all()


def test_regions_are_classes():
    assert set(CLASSES) > REGIONS


def plain_measures(image):
    """Return brightness, darkness, colourfulness, and each colour against the others, (6, h, w)."""
    image = torch.from_numpy(image).permute(2, 0, 1).float() / 255
    coarse = torch.nn.functional.avg_pool2d(image, 8)
    mean = coarse.mean(0, keepdim=True)
    vivid = coarse.amax(0, keepdim=True) - coarse.amin(0, keepdim=True)
    return torch.cat([mean, -mean, vivid, coarse - mean])


def test_brightness_and_colour_alone_detect_hardly_any_object():
    """Dissected as units are: on at the top 0.5% of their places, over 220 pictures."""
    world = World(images=220, size=112)
    pictures = [picture(world, number) for number in range(world.images)]
    maps = [plain_measures(image) for image, _ in pictures]
    values = torch.stack(maps, 1).flatten(1)  # (6, places)
    threshold = values.quantile(0.995, dim=1).numpy()
    scale = Scale(threshold, np.zeros(6, np.float32), np.zeros((6, BINS), np.int64))
    dissection = Dissection(scale, len(CLASSES))
    for one, (_, labels) in zip(maps, pictures, strict=True):
        wide = one.repeat_interleave(8, 1).repeat_interleave(8, 2)
        dissection.add(
            wide.flatten(1), Lattice(112, 112, 1).truth(labels.astype(int), len(CLASSES))
        )
    scores = dissection.scores()
    best = [CLASSES[place] for place in scores["iou"].argmax(1)[scores["iou"].max(1) > DETECTS]]
    assert len([name for name in best if name not in REGIONS]) <= 2
    cap = dict(zip(CLASSES, scores["cap"].max(0), strict=True))
    assert cap["wall"] < DETECTS
    assert cap["sky"] < DETECTS
    assert cap["bed"] > 0.1
