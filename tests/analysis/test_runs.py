"""Runs: asked for once, refused in a sentence, cancelled, resumed, deleted."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from analysis.models import Run, Segment, Shard, State, TopImage
from analysis.models.images import Image
from analysis.services import files, runs, shards
from analysis.services.recipes import Recipe
from analysis.services.runs import RunRefused, request_run
from tests.analysis.made import a_network, a_run, an_image_set, work_through

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def test_a_run_is_planned_when_it_is_asked_for(steps, researcher):
    """A job for each step, shards that cover every item once."""
    network, images = a_network(), an_image_set()
    run, made = request_run(network=network, image_set=images, user=researcher)
    assert made
    assert run.created_by == researcher
    assert run.key == Recipe.from_json(run.recipe).key
    assert list(run.layers.values_list("name", flat=True)) == ["conv1", "conv2"]
    plan = {job.step: (job.queue, job.position, job.total) for job in run.jobs.all()}
    assert plan == {"scan": ("gpu", 0, 1000), "segment": ("cpu", 1, 1000)}
    for job in run.jobs.all():
        pieces = [(shard.first, shard.last) for shard in job.shards.order_by("number")]
        assert [first for first, _ in pieces] == [0, *(last for _, last in pieces[:-1])]
        assert pieces[-1][1] == job.total


def test_asking_twice_gives_the_same_run(steps):
    """Also with the layers in another order, all of them named, or another device."""
    network, images = a_network(), an_image_set()
    run, _ = request_run(network=network, image_set=images)
    for options in (
        {},
        {"layers": ["conv2", "conv1"]},
        {"device": "cpu"},
        {"steps": ["segment", "scan"]},
    ):
        assert request_run(network=network, image_set=images, **options) == (run, False)
    assert Shard.objects.count() == 8


def test_another_recipe_is_another_run(steps):
    """Every option that changes the result makes a run of its own."""
    network, images = a_network(), an_image_set()
    options = (
        {},
        {"layers": ["conv1"]},
        {"top": 10},
        {"steps": ["scan"]},
        {"precision": "float16"},
    )
    keys = {request_run(network=network, image_set=images, **option)[0].key for option in options}
    assert len(keys) == len(options)


def test_two_networks_with_the_same_weights_have_their_own_runs(steps):
    """The rows of a run belong to one of them."""
    images = an_image_set()
    one, two = a_network("one"), a_network("two")
    two.fingerprint = one.fingerprint
    two.save()
    first, _ = request_run(network=one, image_set=images)
    second, made = request_run(network=two, image_set=images)
    assert made
    assert (first.network, second.network) == (one, two)


@pytest.mark.parametrize(
    ("network", "images", "options", "sentence"),
    [
        ({}, {}, {"layers": ["conv9"]}, "net has no layer 'conv9'; its layers are: conv1, conv2."),
        ({}, {}, {"layers": []}, "at least one layer"),
        ({}, {}, {"top": 0}, "must be 1 to 1000, not 0"),
        ({}, {}, {"top": 1001}, "must be 1 to 1000, not 1001"),
        ({}, {}, {"precision": "int8"}, "no precision 'int8': use float32"),
        ({}, {}, {"device": "tpu"}, "no device 'tpu': use one of auto, cpu, cuda"),
        ({}, {}, {"steps": ["dance"]}, "no step 'dance'; the steps are: scan, "),
        ({}, {}, {"steps": ["segment"]}, "step segment needs the step scan"),
        ({}, {}, {"steps": []}, "at least one step"),
        ({"state": "waiting"}, {}, {}, "Network net is not ready yet"),
        ({"state": "failed", "error": "no weights"}, {}, {}, "could not be read: no weights"),
        ({"arch": ""}, {}, {}, "published answers only"),
        ({"layers": ()}, {}, {}, "no layers to study"),
        ({}, {"state": "running"}, {}, "Image set photos is not ready yet"),
        ({}, {"count": 0}, {}, "photos holds no readable image"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(steps, network, images, options, sentence):
    """And leaves no row behind."""
    with pytest.raises(RunRefused, match=sentence):
        request_run(network=a_network(**network), image_set=an_image_set(**images), **options)
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_asking_at_the_same_moment_makes_one_run(steps):
    """Eight requests at once, on a database that has real connections."""
    if connection.vendor == "sqlite":
        pytest.skip("threads cannot share the in-memory database of the tests")
    network, images = a_network(), an_image_set()
    gate, answers = threading.Barrier(8), []

    def ask():
        gate.wait()
        run, made = request_run(network=network, image_set=images)
        answers.append((run.pk, made))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({pk for pk, _ in answers}) == 1
    assert sum(made for _, made in answers) == 1
    assert Shard.objects.count() == 8


def test_cancelling_keeps_what_is_finished(steps):
    """The rest is done after resuming, and nothing twice."""
    run = a_run()
    job = run.jobs.get(step="scan")
    first = shards.claim(job, timezone.now())
    shards.finish(first, timezone.now())
    assert runs.cancel(run)
    assert run.state == State.CANCELLED
    states = job.shards.order_by("number").values_list("state", flat=True)
    assert list(states) == ["done", "cancelled", "cancelled", "cancelled"]
    assert not runs.cancel(run)
    assert runs.resume(run) == 7
    assert run.state == State.WAITING
    files.write(steps.name_of(job, 0), b"already there")
    work_through(run)
    assert run.state == State.DONE
    assert steps.worked == [1, 2, 3, 0, 1, 2, 3]


def test_a_run_without_a_worker_is_cancelled_at_once(steps):
    """Nothing needs to hear of it."""
    run = a_run()
    assert runs.cancel(run)
    assert runs.progress(run).finished
    assert run.finished_at


def test_resuming_a_run_that_is_done_or_going_changes_nothing(steps):
    """A button pressed twice."""
    run = a_run()
    assert runs.resume(run) == 0
    work_through(run)
    assert runs.resume(run) == 0
    run.refresh_from_db()
    assert run.state == State.DONE


def test_a_failed_shard_of_a_running_run_may_be_tried_again(steps):
    """Without waiting for the others."""
    run = a_run()
    job = run.jobs.get(step="scan")
    shard = shards.claim(job, timezone.now())
    shards.fail(shard, "broken", timezone.now(), final=True)
    assert runs.resume(run) == 1
    assert shards.claim(job, timezone.now()).number == 0


def test_progress_counts_rate_and_time_left(steps):
    """Two of four shards, the second half-way, at 256 images in 64 seconds."""
    run, start = a_run(), timezone.now()
    job = run.jobs.get(step="scan")
    one = shards.claim(job, start)
    shards.finish(one, start + timedelta(seconds=64))
    two = shards.claim(job, start + timedelta(seconds=64))
    shards.beat(two, 128, start + timedelta(seconds=96))
    scan, segment = runs.progress(run, start + timedelta(seconds=96)).steps
    assert (scan.done, scan.total, scan.counted) == (384, 1000, "images")
    assert scan.rate == pytest.approx(4)
    assert scan.seconds_left == pytest.approx((1000 - 384) / 4)
    assert (segment.state, segment.done, segment.rate) == (State.WAITING, 0, None)


def test_progress_says_which_queue_nobody_listens_to(steps):
    """Until a worker is there or somebody works without one."""
    run = a_run()
    assert runs.progress(run).unattended == "gpu"
    shards.claim(run.jobs.get(step="scan"), timezone.now())
    assert runs.progress(run).unattended == ""


def test_the_log_of_a_run_ends_with_its_last_lines(steps):
    """Twelve at most, oldest first."""
    run = work_through(a_run())
    lines = [line.text for line in runs.progress(run).log]
    assert len(lines) <= 12
    assert lines[-1] == "segment: done"


def test_a_run_at_work_is_not_deleted(steps):
    """Cancel it first."""
    run = a_run()
    with pytest.raises(RunRefused, match=f"Run {run.short_key} is waiting: cancel it"):
        runs.delete(run)
    assert Run.objects.filter(pk=run.pk).exists()


def test_a_deleted_run_takes_its_files_along(steps, django_capture_on_commit_callbacks):
    """Its results and its pictures; those of another run stay."""
    run = work_through(a_run())
    image = Image.objects.create(image_set=run.image_set, number=0, path="a", width=1, height=1)
    unit = run.network.layers.first().units.first()
    top = TopImage.objects.create(
        run=run, unit=unit, image=image, rank=0, activation=1, row=0, column=0
    )
    Segment.objects.create(top_image=top, token="ab" * 16, field="disc", visible=0.5)
    files.write(f"pictures/ab/{'ab' * 16}/plain-tile.webp", b"picture")
    files.write("pictures/ab/abcd/plain-tile.webp", b"of another run")
    with django_capture_on_commit_callbacks(execute=True):
        runs.delete(run)
    assert not Run.objects.exists()
    assert not files.exists(f"pictures/ab/{'ab' * 16}/plain-tile.webp")
    assert not files.exists(f"runs/{run.recipe['network']}")
    assert files.exists("pictures/ab/abcd/plain-tile.webp")


def test_a_run_that_a_campaign_shows_is_not_deleted(steps):
    """Workers would look at broken pictures."""
    from annotate.models import Campaign

    run = work_through(a_run())
    Campaign.objects.create(slug="c", title="c", network=run.network, run=run, link_token="x" * 32)
    with pytest.raises(RunRefused, match="shown by a campaign"):
        runs.delete(run)
    assert files.exists(f"runs/{run.key}/layers/scan.txt")
