"""What a folder or a moment could smuggle in: links, odd letters, rows deleted at work."""

import json

import numpy as np
import pytest
from django.db import transaction

from analysis.models import ImageSet, Network, State
from analysis.pipeline import networks as inspecting
from analysis.services import image_sets, networks
from analysis.services.image_sets import request_image_set
from analysis.services.networks import request_network
from tests.analysis.folders import LABELS, imported, picture, with_masks

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def root(tmp_path):
    """An empty folder to fill."""
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


@pytest.mark.parametrize("name", ["scenes.csv", "labels.json"])
def test_a_table_that_is_a_link_out_of_the_folder_shows_nothing(root, tmp_path, name):
    """What is wrong with a table is said with its first line: here that of another file."""
    secret = tmp_path / "secret_key"
    secret.write_text("a-very-secret-key")
    with_masks(root)
    (root / name).unlink()
    (root / name).symlink_to(secret)
    image_set = imported(root)
    assert image_set.state == State.FAILED
    assert "is a link out of" in image_set.error
    assert "very-secret" not in image_set.error


def test_a_table_that_is_a_link_inside_of_the_folder_is_read(root):
    with_masks(root)
    (root / "labels.json").rename(root / "labels-2.json")
    (root / "labels.json").symlink_to("labels-2.json")
    assert imported(root).labels == LABELS


def test_names_lose_the_characters_that_no_row_can_hold(root):
    with_masks(root, names=("a",))
    classes = [{"index": 0, "name": "w\0all"}, {"index": 1, "name": "b\ud800ed"}]
    (root / "labels.json").write_text(json.dumps({"void_index": 9, "classes": classes}))
    (root / "scenes.csv").write_text("image,mask,scene\na.png,a.png,bed\0room\n", "utf-8")
    image_set = imported(root)
    assert (image_set.state, image_set.scenes) == (State.DONE, {"bedroom": 1})
    assert [one["name"] for one in image_set.labels["classes"]] == ["wall", "bed"]


def test_a_refusal_with_a_null_character_can_be_kept(root):
    picture(root / "images" / "a.png")
    (root / "scenes.csv").write_text("im\0age,x\n", "utf-8")
    image_set = imported(root)
    assert image_set.state == State.FAILED
    assert "has no column image" in image_set.error


@pytest.mark.parametrize("text", ['{"classes": [{"index": Infinity, "name": "x"}]}', "[" * 100_000])
def test_odd_numbers_and_depths_of_labels_are_said_in_a_sentence(root, text):
    with_masks(root)
    (root / "labels.json").write_text(text)
    image_set = imported(root)
    assert image_set.state == State.FAILED
    assert "labels.json is not understood" in image_set.error


def test_a_set_that_is_deleted_while_it_is_imported_stays_deleted(root, monkeypatch):
    picture(root / "kitchen" / "a.png")
    image_set = request_image_set(slug="photos", folder=root)
    check_all = image_sets._check_all

    def deleted_meanwhile(*arguments):
        found = check_all(*arguments)
        image_sets.delete(ImageSet.objects.get(slug="photos"))
        return found

    monkeypatch.setattr(image_sets, "_check_all", deleted_meanwhile)
    image_sets.import_images(image_set)
    assert not ImageSet.objects.exists()


def test_a_network_that_is_deleted_while_it_is_inspected_stays_deleted(monkeypatch):
    network = request_network(slug="small", arch="torchvision:squeezenet1_1", weights="random:1")
    fingerprint = inspecting.fingerprint

    def deleted_meanwhile(*arguments):
        networks.delete(Network.objects.get(slug="small"))
        return fingerprint(*arguments)

    monkeypatch.setattr(inspecting, "fingerprint", deleted_meanwhile)
    with transaction.atomic():
        inspecting.inspect(network)
    assert not Network.objects.exists()


def test_a_weak_image_is_lit_as_much_as_a_strong_one():
    """Its own map is flat: all of it may lie above half of the maximum, which would tell it."""
    from analysis.models import Image, TopImage, Unit
    from analysis.pipeline.segment import shown

    flat, peaked = np.ones((7, 7), dtype=bool), np.zeros((7, 7), dtype=bool)
    peaked[2:4, 5] = True
    row = {"pk": 1, "image": Image(number=5), "unit": Unit(channel=3), "activation": 4.0}
    weak, strong = TopImage(end=TopImage.End.LOW, **row), TopImage(end=TopImage.End.TOP, **row)
    assert shown(strong, flat, {}) is flat
    assert shown(weak, flat, {1: peaked}).sum() == peaked.sum()
