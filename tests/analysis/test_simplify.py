"""Minimal images of a run: chosen, written once, told in a sentence where there are none."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from analysis.core.images import open_image, prepare, unprepared, view
from analysis.models import Image, MinimalImage, Run, State
from analysis.pipeline import forward, simplify
from analysis.services import files, minimal_images, runs, statistics
from analysis.services.pictures import picture_file
from analysis.services.runs import RunRefused
from analysis.services.shards import Interrupted
from tests.analysis import simplified
from tests.analysis.photographs import PREPARATION, job_of, shards_of
from tests.analysis.simplified import ByColour, a_network, a_run, an_image_set, told, work_through

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def net(monkeypatch, settings, tmp_path):
    """The network that names colours in place of a stored one, and a media folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    holder = {"net": ByColour().eval()}
    monkeypatch.setattr(forward.networks, "load", lambda row, device: (holder["net"], PREPARATION))
    forward._loaded.cache_clear()
    yield holder
    forward._loaded.cache_clear()


def nobody(done):
    """No beat is missed."""


def log_of(run):
    return [line.text for line in run.log.all()]


def stored(row, at):
    data = files.read(picture_file(row.token, f"step{at:03d}", "tile2x"))
    return np.asarray(Picture.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_rightly_named_images_are_simplified_and_nothing_else(net, tmp_path):
    run = work_through(a_run(tmp_path))
    assert run.state == State.DONE
    naming = minimal_images.naming(run)
    for number_of in naming.scenes.values():
        assert len(number_of) == 3
    for scene, label in (("bed_room", 0), ("kitchen", 1)):
        rows = MinimalImage.objects.filter(run=run, scene=scene)
        assert rows.count() == 6  # three images by two kinds of regions
        for row in rows:
            outputs = told(net["net"], run, row.image.number)
            assert int(outputs.argmax()) == label
            assert row.before == pytest.approx(float(outputs.softmax(0)[label]), abs=1e-4)


def test_a_minimal_image_keeps_the_bed_and_the_next_removal_loses_the_scene(net, tmp_path):
    run = work_through(a_run(tmp_path, regions="masks"))
    rows = list(MinimalImage.objects.filter(run=run).found())
    assert rows
    for row in rows:
        assert row.objects_kept["bed"] == 1.0
        assert set(row.objects_kept) == {"wall", "bed"}
        *kept, lost = row.steps
        assert lost["name"] == "bed"
        assert row.kept == row.total - len(kept)
        assert row.lost_to not in ("", row.scene)
        assert row.after == pytest.approx(kept[-1]["score"] if kept else row.before, abs=1e-5)
        assert row.area == pytest.approx(kept[-1]["kept"] if kept else 1.0, abs=1e-3)


def test_there_is_a_picture_of_every_step_and_the_first_is_the_image(net, tmp_path, client):
    run = work_through(a_run(tmp_path))
    for row in MinimalImage.objects.filter(run=run):
        path = Path(run.image_set.root) / row.image.path
        whole = np.asarray(view(open_image(path), PREPARATION)).astype(int)
        assert np.abs(stored(row, 0) - whole).mean() < 12  # WebP loses a little of the noise
        assert len(row.pictures) == len(row.steps) + 1
        for address in row.pictures:
            assert client.get(address).status_code == 200
    assert row.minimal == row.pictures[row.total - row.kept]


def test_again_is_the_same_to_the_byte_and_nothing_is_done_twice(net, tmp_path, settings):
    run = work_through(a_run(tmp_path))

    def everything():
        names = [p for p in sorted(Path(settings.MEDIA_ROOT).rglob("*")) if p.is_file()]
        rows = MinimalImage.objects.order_by("token").values()
        return [(p, p.read_bytes()) for p in names], [{**row, "id": 0} for row in rows]

    first = everything()
    for shard in shards_of(run, "simplify"):
        simplify.work(shard, nobody)
    simplify.finish(job_of(run, "simplify"))
    assert everything() == first
    MinimalImage.objects.filter(scene="kitchen").delete()
    files.remove(f"runs/{run.key}")
    for shard in reversed(shards_of(run, "simplify")):
        simplify.work(shard, nobody)
    simplify.finish(job_of(run, "simplify"))
    assert everything() == first


def test_it_stops_when_told_and_goes_on_from_the_last_image(net, tmp_path):
    run = a_run(tmp_path)
    shard = shards_of(run, "simplify")[0]
    asked = []

    def stop(done):
        asked.append(done)
        if MinimalImage.objects.count() == 2:
            raise Interrupted("stop")

    with pytest.raises(Interrupted):
        simplify.work(shard, stop)
    before = set(MinimalImage.objects.values_list("pk", flat=True))
    assert len(before) == 2
    work_through(run)
    assert before < set(MinimalImage.objects.values_list("pk", flat=True))


def test_a_linear_readout_names_what_the_network_does_not_know(net, tmp_path):
    network = a_network(classes=["cat", "dog", "cow"])
    run = work_through(a_run(tmp_path, network, readout="fit", scenes="bed_room,kitchen,office"))
    naming = minimal_images.naming(run)
    assert naming.readout == "fit"
    assert (naming.fitted, sum(naming.asked.values())) == (12, 12)
    assert naming.layer == "head"
    used = Image.objects.values_list("number", flat=True)
    assert used
    assert all(number % 2 for number in used)
    assert MinimalImage.objects.found().exists()
    assert "linear read-out" in naming.in_words
    assert any("linear read-out" in line and "at most about" in line for line in log_of(run))


class Pairs(ByColour):
    """Hands on two things."""

    def forward(self, batch):
        return super().forward(batch), 1


class TooMany(ByColour):
    """Hands on more numbers than there are names."""

    def forward(self, batch):
        return super().forward(batch).repeat(1, 2)


@pytest.mark.parametrize(("other", "hands_on"), [(Pairs, "tuple"), (TooMany, "(6,)")])
def test_an_output_that_is_no_score_ends_the_step_in_a_sentence_not_the_run(
    net, tmp_path, other, hands_on
):
    net["net"] = other().eval()
    run = work_through(a_run(tmp_path))
    assert run.state == State.DONE
    assert not MinimalImage.objects.exists()
    assert any(f"no score of its 3 classes (it hands on {hands_on}" in line for line in log_of(run))
    assert minimal_images.kept(run) == []


def test_a_mask_of_another_size_is_told_and_the_rest_goes_on(net, tmp_path):
    run = a_run(tmp_path)
    for path in Path(run.image_set.root).glob("00[0-9]-mask.png"):
        Picture.fromarray(np.zeros((7, 5), np.uint8)).save(path)
    work_through(run)
    bad = MinimalImage.objects.filter(regions="masks", image__number__lt=10)
    assert bad
    for row in bad:
        assert "has 5 × 7 pixels and the image" in row.problem
        twin = MinimalImage.objects.get(image=row.image, regions="automatic")
        assert twin.objects_kept == {}
        assert twin.total > 0
    assert run.state == State.DONE
    assert any("5 × 7" in line for line in log_of(run))


def test_a_class_without_name_is_told_by_its_number(net, tmp_path):
    rooms = simplified.an_image_set(tmp_path / "rooms")
    rooms.labels = {"void_index": 9, "classes": [{"index": 0, "name": "wall"}]}
    rooms.save()
    work_through(a_run(tmp_path, regions="masks"))
    assert set(MinimalImage.objects.found()[0].objects_kept) == {"wall", "class 1"}


def test_one_region_and_a_scene_that_is_never_lost_are_no_minimal_images(net, tmp_path):
    run = a_run(tmp_path)
    root = Path(run.image_set.root)
    for number in range(24):
        size = Picture.open(root / f"{number:03d}.png").size
        Picture.new("RGB", size, ["red", "lime", "blue"][number % 3]).save(
            root / f"{number:03d}.png"
        )
    work_through(run)
    rows = MinimalImage.objects.filter(regions="automatic")
    assert rows
    for row in rows:
        assert (row.total, row.kept) == (1, 0)
        assert "names a plain image so" in row.problem
    assert run.state == State.DONE
    [way] = [
        w for w in minimal_images.ways(run) if (w.scene, w.regions) == ("kitchen", "automatic")
    ]
    assert (way.images, way.left_out, way.area) == (0, 3, None)


def test_objects_are_counted_as_one_counts_by_hand(net, tmp_path):
    run = work_through(a_run(tmp_path))
    rows = minimal_images.kept(run)
    for row in rows:
        found = MinimalImage.objects.filter(run=run, scene=row.scene, regions=row.regions).found()
        shares = [one.objects_kept[row.object] for one in found if row.object in one.objects_kept]
        assert (row.images, row.present) == (found.count(), len(shares))
        assert row.kept == sum(share >= 0.5 for share in shares)
        assert 0 <= row.low <= row.share <= row.high <= 1
        assert row.scene_images == run.image_set.scenes[row.scene]
        assert row.scene_share == 1.0  # every photograph has a wall and a bed
    figure = minimal_images.figure(run, "kitchen", "masks", "/rows.csv")
    assert "bed 100%" in figure.answer
    assert minimal_images.figure(run, "office", "masks", "") is None


def exported(run, name):
    pieces = statistics.as_csv(statistics.of_run(run, statistics.STATISTICS[name]))
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))


@pytest.mark.parametrize("readout", ["own", "fit"])
def test_shares_of_scenes_and_who_named_them_are_recomputed_from_the_exported_rows(
    net, tmp_path, readout
):
    images = an_image_set(tmp_path / "rooms")
    for number in (1, 4, 9):  # two kitchens and a bedroom without a bed
        path = Path(images.root) / f"{number:03d}-mask.png"
        mask = np.asarray(Picture.open(path))
        Picture.fromarray(np.zeros_like(mask)).save(path)
    (Path(images.root) / "010-mask.png").write_bytes(b"no mask")
    run = work_through(a_run(tmp_path, readout=readout))
    objects, names = exported(run, "scene-objects"), exported(run, "scene-names")
    shares = set()
    for row in exported(run, "minimal-images"):
        here = [one for one in objects if one["scene"] == row["scene"]]
        holding = {one["image"] for one in here if one["object"] == row["object"]}
        of = {one["image"] for one in here}
        assert row["scene_images"] == str(len(of))
        assert float(row["scene_share"]) == pytest.approx(len(holding) / len(of))
        shares.add(row["scene_share"])
    assert shares > {"1.0"}
    assert "10" not in {one["image"] for one in objects}
    for row in exported(run, "minimal-image-scenes"):
        asked = [one for one in names if one["scene"] == row["scene"]]
        alike = [one["said"].casefold().replace("_", " ") for one in asked]
        right = [said == row["scene"].replace("_", " ") for said in alike]
        assert [one["right"] for one in asked] == [str(one) for one in right]
        assert (row["asked"], row["right"]) == (str(len(asked)), str(sum(right)))
    asked, right = len(names), sum(one["right"] == "True" for one in names)
    assert 0 < right <= asked
    assert (right < asked) == (readout == "own")
    told = f"right on {right / asked:.0%} of {asked} images"
    assert told in minimal_images.naming(run).in_words
    if readout == "fit":
        assert {int(one["image"]) % 2 for one in names} == {1}


def test_a_deleted_run_takes_its_pictures_along(
    net, tmp_path, settings, django_capture_on_commit_callbacks
):
    run = work_through(a_run(tmp_path))
    tokens = list(MinimalImage.objects.values_list("token", flat=True))
    with django_capture_on_commit_callbacks(execute=True):
        runs.delete(run)
    assert not MinimalImage.objects.exists()
    assert not any(files.exists(picture_file(token, "step000", "tile2x")) for token in tokens)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scenes": "attic"}, "has no scene 'attic'; its scenes are: bed_room"),
        ({"scenes": ""}, "No scene of rooms has 20 images"),
        ({"regions": "squares"}, "regions must be one of automatic, masks, both"),
        ({"scene_images": 0}, "scene_images must be"),
    ],
)
def test_what_cannot_be_is_refused_before_it_begins(net, tmp_path, options, sentence):
    with pytest.raises(RunRefused, match=sentence):
        a_run(tmp_path, **options)
    assert not Run.objects.exists()


def test_images_without_scenes_or_masks_and_classes_that_are_no_scenes(net, tmp_path):
    rooms = simplified.an_image_set(tmp_path / "rooms")
    with pytest.raises(RunRefused, match="No class of small is called 'bed_room'"):
        a_run(tmp_path, a_network(classes=["cat"]), readout="own")
    rooms.labels = {}
    rooms.save()
    network = rooms and simplified.photographs.Network.objects.get()
    with pytest.raises(RunRefused, match="has no masks"):
        a_run(tmp_path, network, regions="masks")
    assert a_run(tmp_path, network).recipe["options"]["simplify"]["regions"] == ["automatic"]
    rooms.scenes = {}
    rooms.save()
    with pytest.raises(RunRefused, match="names no scenes"):
        a_run(tmp_path, network)


def test_the_input_taken_back_is_the_view():
    chance = np.random.default_rng(0)
    picture = Picture.fromarray(chance.integers(0, 255, (40, 52, 3), np.uint8))
    shown = np.asarray(view(picture, PREPARATION))
    assert np.array_equal(unprepared(prepare(picture, PREPARATION), PREPARATION), shown)
