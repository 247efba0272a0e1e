"""The step `prefer`, its statistics and page: against sums over every image, joined over sets."""

import csv
import io
import math
from collections import Counter
from pathlib import Path
from threading import Event

import pytest
import torch
from django.utils import timezone

from analysis.core.activations import maps_of
from analysis.core.images import open_image, prepare
from analysis.core.intervals import wilson
from analysis.models import ImageSet, Layer, LogLine, Run, State
from analysis.pipeline import loop, prefer
from analysis.services import files, jobs, preferences, preferring, runs, statistics
from analysis.services.figure_pages import preferences_of
from analysis.services.image_sets import open_manifest
from analysis.services.recipes import RunRefused
from analysis.services.shards import Interrupted
from analysis.services.steps import STEPS
from tests.analysis.looking import small_net  # noqa: F401
from tests.analysis.photographs import LAYERS, PREPARATION, a_network, job_of, shards_of
from tests.analysis.preferred import a_preferring_run, a_set, finished, preferred

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def sums(net, *image_sets):
    """Return each layer's sums, every image by itself: name → {(set, number): sum}."""
    found = {name: {} for name in LAYERS}
    for one in image_sets:
        for entry in open_manifest(one).entries():
            pixels = prepare(open_image(Path(one.root) / entry.path), PREPARATION)
            maps = maps_of(net, [m for m, *_ in LAYERS.values()], torch.from_numpy(pixels)[None])
            for name, (module, *_) in LAYERS.items():
                total = math.fsum(maps[module].flatten().tolist())
                found[name][one.slug, entry.number] = total
    return found


def first(some, k):
    return sorted(some, key=lambda key: (-some[key], key))[:k]


def stored(run):
    return files.read(f"runs/{run.key}/preferences.json")


def table(run, name):
    """Return a statistic as a reader of its CSV has it."""
    found = statistics.of_run(run, statistics.STATISTICS[name])
    return list(csv.DictReader(io.StringIO(b"".join(statistics.as_csv(found)).decode())))


@pytest.fixture
def one(small_net, tmp_path):  # noqa: F811
    """A finished run over twenty images of three scenes in two folders."""
    return finished(a_preferring_run(a_set("one", tmp_path, folders=2)))


@pytest.fixture
def two(one, tmp_path):
    """A finished run of the same network over twelve images of another set, without scenes."""
    return finished(a_preferring_run(a_set("other", tmp_path, 12, scenes=0)))


def test_it_keeps_the_images_with_the_highest_sums_and_what_chance_would_give(one, small_net):  # noqa: F811
    found = preferring.read_found(one)
    for name, some in sums(small_net, one.image_set).items():
        assert [("one", liked.number) for liked in found.layers[name]] == first(some, 5)
        for liked in found.layers[name]:
            assert liked.activation == pytest.approx(some["one", liked.number], rel=1e-5)
            assert liked.scene == f"scene {liked.number % 3}"
            assert liked.folder == f"part{liked.number % 2}"
    assert (found.images, found.folders) == (20, {"part0": 10, "part1": 10})
    assert found.scenes == {"scene 0": 7, "scene 1": 7, "scene 2": 6}


def test_the_bytes_are_the_same_in_any_order_of_shards_and_on_repetition(one, small_net):  # noqa: F811
    before = stored(one)
    pictures = {token: files.read(_tile(token)) for token in preferring.tokens(one)}
    assert stored(preferred(one, order=(2, 0, 1), repeat=(0, 0))) == before
    assert {token: files.read(_tile(token)) for token in preferring.tokens(one)} == pictures
    again = a_preferring_run(one.image_set, shard=4, layers=["late"])
    assert (
        preferring.read_found(preferred(again)).layers["late"]
        == (preferring.read_found(one).layers["late"])
    )


def _tile(token):
    return f"pictures/{token[:2]}/{token}/plain-tile.webp"


def test_a_worker_does_it_all_and_one_that_is_stopped_leaves_nothing(small_net, tmp_path):  # noqa: F811
    a_network()
    Layer.objects.filter(name="late").update(name="after")  # no order by letter
    run = a_preferring_run(a_set("one", tmp_path))
    for job in run.jobs.order_by("position"):
        jobs.settle(job, timezone.now())
        loop.work_on(job, Event())
    run.refresh_from_db()
    assert run.state == State.DONE
    assert list(preferring.read_found(run).layers) == ["early", "after"]
    assert LogLine.objects.filter(run=run, text__startswith="prefer: ").exists()
    other = a_preferring_run(run.image_set, kept=7)

    def stop(done):
        raise Interrupted

    with pytest.raises(Interrupted):
        prefer.work(shards_of(other, "prefer")[0], stop)
    assert not files.exists(preferring.shard_file(other, 0))
    assert preferring.read_found(other) is None
    assert preferences.overs(other) == []
    runs.cancel(other)
    runs.delete(Run.objects.get(pk=other.pk))
    kept = preferring.tokens(run)
    with_files = [files.exists(_tile(token)) for token in kept]
    assert kept
    assert all(with_files)
    runs.delete(run)
    assert not Run.objects.exists()


def test_what_is_not_finite_is_named(small_net, tmp_path):  # noqa: F811
    run = a_preferring_run(a_set("one", tmp_path))
    with torch.no_grad():
        small_net[0].bias[:] = 3e38
    with pytest.raises(ValueError, match=r"Layer early: the activations on image 0 add up to"):
        preferred(run)


def test_usual_options_leave_the_keys_of_runs_alone_and_bad_ones_are_refused(one):
    run = a_preferring_run(one.image_set, kept=preferring.KEPT)
    assert "options" not in run.recipe
    assert preferring.kept_images(run.recipe) == 100
    assert "100 images with the highest activation" in STEPS["prefer"].sentence(
        runs.Recipe.from_json(run.recipe)
    )
    for bad in (0, 1001, "many"):
        with pytest.raises(RunRefused, match="preferred_images must be"):
            a_preferring_run(one.image_set, kept=bad)


def test_sets_are_joined_as_if_they_were_one(one, two, small_net):  # noqa: F811
    assert [over.name for over in preferences.overs(one)] == ["one", "one + other"]
    assert [over.name for over in preferences.overs(two)] == ["other", "other + one"]
    every = sums(small_net, one.image_set, two.image_set)
    both = preferences.overs(one)[1]
    for name, some in every.items():
        told = [(taken.run.image_set.slug, taken.liked.number) for taken in both.taken(name)]
        assert told == first(some, 5)
    Run.objects.filter(pk=two.pk).update(recipe={**two.recipe, "precision": "bfloat16"})
    assert len(preferences.overs(one)) == 1  # their sums cannot be compared
    Run.objects.filter(pk=two.pk).update(recipe=two.recipe)
    ImageSet.objects.filter(slug="other").update(fingerprint=one.image_set.fingerprint)
    assert len(preferences.overs(one)) == 1  # the same images once more


def test_shares_are_those_that_one_counts_from_the_table_of_images(one, two):
    seen = {row["image"] for row in table(one, "preferred-images")}
    assert seen
    told = table(one, "preferences")
    sets = {"one": one.image_set, "other": two.image_set}
    columns = {"image set": "image_set", "scene": "scene", "folder": "folder"}
    for over in ("one", "one + other"):
        slugs = over.split(" + ")
        entries = [(slug, e) for slug in slugs for e in open_manifest(sets[slug]).entries()]
        there = {
            "image set": Counter(slug for slug, _ in entries) if len(slugs) > 1 else {},
            "scene": Counter(entry.scene for _, entry in entries),
            "folder": Counter(e.path.split("/")[1] if slug == "one" else "" for slug, e in entries),
        }
        for layer in LAYERS:
            images = [
                row
                for row in table(one, "preferred-images")
                if (row["over"], row["layer"]) == (over, layer)
            ]
            assert [int(row["rank"]) for row in images] == list(range(5))
            for by, column in columns.items():
                rows = [r for r in told if (r["over"], r["layer"], r["by"]) == (over, layer, by)]
                assert [row["name"] for row in rows] == sorted(there[by])
                for row in rows:
                    number = sum(image[column] == row["name"] for image in images)
                    chance = there[by][row["name"]] / len(entries)
                    low, high = wilson(number / 5, 5)
                    values = (number / 5, low, high, chance, number / 5 / chance)
                    names = ("share", "share_low", "share_high", "baseline", "ratio")
                    assert [float(row[name]) for name in names] == pytest.approx(values)
                    assert float(row["ratio_high"]) == pytest.approx(high / chance)


def test_the_figures_say_what_the_rows_have_and_what_is_missing(one, two):
    alone, both = preferences.overs(one)
    sets, scenes, folders = preferences_of(one, alone)
    assert "images of one set only, one" in sets.why
    assert "--steps scan,prefer" in sets.why
    assert {row["name"] for row in scenes.rows} == {"scene 0", "scene 1", "scene 2"}
    assert folders.name == "preferred-folders"
    sets, scenes, folders = preferences_of(one, both)
    assert {row["name"] for row in sets.rows} == {"one", "other"}
    assert "joined" in sets.method
    assert "(none)" in {row["name"] for row in scenes.rows}
    for figure in (sets, scenes, folders):
        best = max(figure.rows, key=lambda row: row["ratio_low"])
        if best["ratio_low"] > 1:
            assert f"In {best['layer']} {best['images']} of 5" in figure.answer
        else:
            assert figure.answer.startswith("No layer prefers one of the")
    [_, scenes] = preferences_of(two, preferences.overs(two)[0])
    assert "No image of other has a scene" in scenes.why


def test_a_set_that_is_preferred_as_a_whole_says_nothing(small_net, tmp_path):  # noqa: F811
    run = finished(a_preferring_run(a_set("few", tmp_path, 4), kept=9))
    for figure in preferences_of(run, preferences.overs(run)[0]):
        assert "All 4 images are among the 4" in figure.why


def test_the_page_shows_shares_and_images_to_whom_may_read(one, two, client, researcher):
    address = f"/findings/{one.network.slug}/preferences/"
    assert client.get(address).status_code == 302
    one.network.public = True
    one.network.save()
    assert client.post(address).status_code == 405
    page = client.get(address, {"run": one.short_key})
    text = page.content.decode()
    assert page.context["over"].name == "one + other"
    assert [figure.name for figure in page.context["figures"]] == [
        "preferred-sets",
        "preferred-scenes",
        "preferred-folders",
    ]
    assert "of 2 sets: one (20, run" in text
    for _, tiles, count in page.context["strips"]:
        assert len(tiles) == count == 5
        for tile in tiles:
            assert tile.tile in text
            assert client.get(tile.tile).status_code == 200  # without signing in
            assert client.get(tile.sharp).status_code == 200
    for query in ("over=one", "over=x", "over=%00", "layer=late", "layer=%00", "run=%00"):
        assert client.get(f"{address}?{query}").status_code == 200
    page = client.get(address, {"run": one.short_key, "over": "one"})
    assert "images of one set only" in page.content.decode()
    for name in ("preferences", "preferred-images"):
        answer = client.get(f"/api/v1/statistics/{name}.csv", {"run": one.short_key})
        assert answer.status_code == 200
        assert name in page.content.decode()
    one.jobs.filter(step="prefer").update(state=State.RUNNING)
    two.jobs.filter(step="prefer").update(state=State.RUNNING)
    assert "Which images drive a whole layer most" in client.get(address).content.decode()
    client.force_login(researcher)
    assert "--steps scan,prefer" in client.get(address).content.decode()


def test_a_layer_shows_twelve_images_or_all_and_a_file_that_is_gone_says_so(
    small_net,  # noqa: F811
    tmp_path,
    client,
):
    run = finished(a_preferring_run(a_set("one", tmp_path), kept=15))
    run.network.public = True
    run.network.save()
    address = f"/findings/{run.network.slug}/preferences/"
    assert [len(some) for _, some, _ in client.get(address).context["strips"]] == [12, 12]
    page = client.get(address, {"layer": "late"})
    assert [len(some) for _, some, _ in page.context["strips"]] == [12, 15]
    assert "Fewer images of late" in page.content.decode()
    files.remove(f"runs/{run.key}/preferences.json")
    assert "ask for the run again" in client.get(address).content.decode()
    assert job_of(run, "prefer").state == State.DONE
