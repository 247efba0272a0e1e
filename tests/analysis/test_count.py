"""The step `count`: against loops over pixels, however it is cut; odd masks; what it writes."""

import csv
import io
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.core.arrays import unpacked
from analysis.models import LogLine, State
from analysis.pipeline import count
from analysis.services import counting, files, statistics
from analysis.services.recipes import RunRefused
from analysis.services.runs import request_run
from analysis.services.scene_objects import informative, scene_objects
from analysis.services.shards import Interrupted
from tests.analysis.counted import BED, NAMES, a_counted_run, counted, finished
from tests.analysis.photographs import a_network, an_image_set, shards_of
from tests.core.test_counting import slow as flood

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"


def stored(run):
    return [files.read(counting.images_file(run)), files.read(counting._summary_file(run))]


def test_counts_are_those_of_loops_over_pixels(tmp_path):
    run = counted(a_counted_run(tmp_path, given={"instance_share": 0.02, "least_scene": 4}))
    summary, kept = counting.read_summary(run), unpacked(stored(run)[0])
    pixels, images, instances = Counter(), Counter(), Counter()
    for number in range(run.image_set.count - 1):  # the last one has no mask
        mask = np.asarray(Image.open(Path(run.image_set.root) / f"mask-{number:03d}.png"))
        places = np.where(mask == 9, -1, mask.astype(int) - 1)
        seen = flood(places, len(NAMES), -(-places.size // 50))
        rows = zip(*(kept[name][kept["number"] == number] for name in count.NUMBERS), strict=True)
        found = {place: (a, b) for _, place, a, b in rows}
        for place in range(len(NAMES)):
            pair = seen[0][place], seen[1][place]
            assert found.get(place, (0, 0)) == pair
            pixels[place] += pair[0]
            images[place] += pair[0] > 0
            instances[place] += pair[1]
    for place, one in enumerate(summary["classes"]):
        assert (one["label"], one["name"]) == (place + 1, NAMES[place])
        told = (one["pixels"], one["images"], one["instances"])
        assert told == (pixels[place], images[place], instances[place])
    assert (summary["compared"], summary["without_mask"], summary["refused"]) == (24, 1, 0)


def test_what_objects_tell_of_scenes(tmp_path):
    run = finished(a_counted_run(tmp_path, given={"least_scene": 4}))
    summary = counting.read_summary(run)
    scenes = {one["name"]: one for one in summary["scenes"]}
    assert {name: one["images"] for name, one in scenes.items()} == {
        "bedroom": 10,
        "hall": 2,
        "kitchen": 10,
    }
    assert scenes["hall"]["informative"] is None  # too few images
    assert BED - 1 in scenes["bedroom"]["informative"]
    assert summary["without_scene"] == 2
    by_name = {one["name"]: one for one in summary["classes"]}
    # Every bedroom has its bed and no kitchen: one bit of two scenes alike in size.
    assert by_name["bed"]["information"] == pytest.approx(1)
    assert 0 < by_name["bed"]["expected"] < 0.1
    assert by_name["wall"]["information"] == 0  # everywhere
    assert by_name["ghost"]["weight"] == 0  # nowhere
    assert by_name["bed"]["weight"] == max(one["weight"] for one in summary["classes"])
    assert by_name["bed"]["among"] == 0.5
    assert summary["model"]["accuracy"] > 0.9
    assert summary["model"]["commonest"] == 0.5
    [bed, *_] = scene_objects(run, "bedroom")
    assert (bed.object, bed.inside, bed.outside) == ("bed", 1, 0)
    assert bed.bits == pytest.approx(1 - by_name["bed"]["expected"])
    assert informative(run.image_set, "bedroom").rows[0]["object"] == "bed"
    assert "takes 4 images" in informative(run.image_set, "hall").why


def bits(inside, size, present, images):
    """Information of presence and “is it this scene”, cell by cell of their four."""
    cells = [
        (inside, size, present),
        (size - inside, size, images - present),
        (present - inside, images - size, present),
        (images - size - present + inside, images - size, images - present),
    ]
    return sum(n / images * math.log2(n * images / (a * b)) for n, a, b in cells if n)


def above_chance(inside, size, present, images):
    """The same less its mean over all ways to deal the images out anew."""
    mean = 0.0
    for here in range(max(0, size + present - images), min(size, present) + 1):
        ways = math.comb(present, here) * math.comb(images - present, size - here)
        mean += ways / math.comb(images, size) * bits(here, size, present, images)
    return bits(inside, size, present, images) - mean


def test_what_objects_tell_of_a_scene_is_recomputed_from_the_exported_images(tmp_path):
    run = finished(a_counted_run(tmp_path, given={"least_scene": 4}))
    pieces = statistics.as_csv(statistics.of_run(run, statistics.STATISTICS["image-objects"]))
    rows = list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))
    summary = {one["name"]: one for one in counting.read_summary(run)["classes"]}
    for name in NAMES:
        own = [row for row in rows if row["object"] == name]
        assert summary[name]["images"] == len(own)
        assert summary[name]["pixels"] == sum(int(row["pixels"]) for row in own)
        assert summary[name]["instances"] == sum(int(row["instances"]) for row in own)
    images = {row["image"]: row["scene"] for row in rows if row["scene"] in ("bedroom", "kitchen")}
    for scene in ("bedroom", "kitchen"):
        size = sum(one == scene for one in images.values())
        for row in informative(run.image_set, scene).rows:
            holds = [images[r["image"]] for r in rows
                     if r["object"] == row["object"] and r["image"] in images]  # fmt: skip
            inside = holds.count(scene)
            told = above_chance(inside, size, len(holds), len(images))
            assert row["bits"] == pytest.approx(told)
            assert row["inside"] == pytest.approx(inside / size)
            outside = (len(holds) - inside) / (len(images) - size)
            assert row["outside"] == pytest.approx(outside)


def test_what_was_counted_here_comes_before_what_an_archive_says(tmp_path):
    own = finished(a_counted_run(tmp_path))
    other = finished(a_counted_run(tmp_path, given={"least_scene": 4}, image_set=own.image_set))
    assert counting.counted_by(own.image_set) == other
    type(other).objects.filter(pk=other.pk).update(imported="c" * 64)
    assert counting.counted_by(own.image_set) == own
    files.remove(f"runs/{own.key}/objects")
    assert "is gone" in informative(own.image_set, "bedroom").why


def test_order_repetition_and_a_second_finish_change_nothing(tmp_path):
    run = counted(a_counted_run(tmp_path))
    before = stored(run)
    assert stored(counted(run, order=[2, 0, 1, 3], repeat=(1,))) == before
    one = shards_of(run, "count")[0]
    with pytest.raises(Interrupted):
        count.work(one, stopped)
    whole = a_counted_run(tmp_path, shard=25, image_set=run.image_set, given={"least_scene": 9})
    assert stored(counted(whole))[0] == before[0]  # however it is cut


def stopped(done):
    raise Interrupted("stop")


def test_masks_that_cannot_be_used_are_told_and_left_out(tmp_path):
    run = a_counted_run(tmp_path, shard=30)
    folder = Path(run.image_set.root)
    Image.new("L", (5, 5)).save(folder / "mask-001.png")
    (folder / "mask-002.png").write_bytes(b"no image")
    (folder / "mask-003.png").unlink()
    Image.fromarray(np.full((24, 32), 77, np.uint8)).save(folder / "mask-004.png")
    summary = counting.read_summary(counted(run))
    assert (summary["compared"], summary["refused"], summary["without_mask"]) == (20, 4, 1)
    told = " ".join(LogLine.objects.filter(run=run).values_list("text", flat=True))
    for words in ("Image 1 (001.png)", "5 × 5", "no name in labels.json: 77", "have no mask"):
        assert words in told


def test_not_one_mask_is_an_error_that_says_so(tmp_path):
    run = a_counted_run(tmp_path)
    for path in Path(run.image_set.root).glob("mask-*"):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="Not one of the 25 images has a mask"):
        counted(run)


def test_one_scene_tells_nothing_of_scenes(tmp_path):
    run = counted(a_counted_run(tmp_path, given={"least_scene": 11}))
    summary = counting.read_summary(run)
    assert summary["model"] is None
    assert {one["information"] for one in summary["classes"]} == {None}
    assert summary["classes"][BED - 1]["instances"] == 10 + 2  # frequency needs no scenes


def test_images_without_masks_are_refused_and_any_run_over_the_set_serves(tmp_path):
    network = a_network()
    with pytest.raises(RunRefused, match="Image set photographs has no masks: the step count"):
        request_run(network=network, image_set=an_image_set(tmp_path / "p", 2), steps=("count",))
    run = a_counted_run(tmp_path)
    assert counting.counted_by(run.image_set) is None
    run.jobs.update(state=State.DONE)
    assert counting.counted_by(run.image_set) == run
    assert "0.1% of their image" in counting.in_words(counting.Recipe.from_json(run.recipe))
