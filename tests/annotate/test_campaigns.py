"""Opening a campaign: by service and by command, and what is missing when it cannot be."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analysis.models import Segment, State, TopImage, UnitSemantics
from annotate.models import Campaign
from annotate.services import campaigns
from annotate.services.assignments import claim
from annotate.services.campaigns import CannotOpen, Plan, newest_run, open_campaign
from annotate.services.submission import submit
from tests.annotate.factories import (
    RunFactory,
    a_finished_run,
    a_given,
    a_worker,
    open_small_campaign,
)

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def run_command(*words):
    """Return what the command printed."""
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.fixture
def run():
    """A finished run of two layers with four units each."""
    return a_finished_run(
        layers=2, network__slug="alexnet", image_set__slug="nyu", network__synthetic=True
    )


def test_a_campaign_has_a_task_for_each_unit(run):
    campaign = open_campaign(slug="first", run=run)
    assert campaign.tasks.count() == 8
    task = campaign.tasks.first()
    assert (len(task.items), len(task.controls), task.answers_wanted) == (60, 3, 3)
    ends = [TopImage.objects.get(pk=pk).end for pk in task.items]
    assert [place for place, end in enumerate(ends) if end == "low"] == task.controls
    assert {TopImage.objects.get(pk=pk).unit_id for pk in task.items} == {task.unit_id}
    assert campaign.synthetic
    assert len(campaign.link_token) == 32


def test_layers_and_units_can_be_chosen(run):
    by_layer = open_campaign(slug="a", run=run, plan=Plan(layers=["conv2"]))
    assert {task.unit.layer.name for task in by_layer.tasks.all()} == {"conv2"}
    by_unit = open_campaign(slug="b", run=run, plan=Plan(units=["conv1/1-2", "conv2/3"]))
    assert [str(t.unit).partition("/")[2] for t in by_unit.tasks.all()] == [
        "conv1/1", "conv1/2", "conv2/3",
    ]  # fmt: skip


def test_units_nobody_can_be_asked_about_are_left_out_and_named(run):
    silent, short, *_ = run.layers.get(name="conv1").units.order_by("channel")
    silent.top_images.update(activation=0)
    Segment.objects.filter(top_image__unit=short, top_image__rank__gte=40).delete()
    campaign = open_campaign(slug="a", run=run)
    assert campaign.tasks.count() == 6
    assert campaign.left_out == [
        {"unit": "alexnet/conv1/0", "reason": "it never fires on these images"},
        {
            "unit": "alexnet/conv1/1",
            "reason": "it has 40 segmented images that drive it; a task needs 57",
        },
    ]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"controls": 60}, "plant fewer"),
        ({"controls": -1}, "plant fewer"),
        ({"minimum_kept": 58}, "kept cannot be asked"),
        ({"images_per_task": 500}, "images_per_task"),
        ({"answers": 0}, "answers_per_unit"),
        ({"access": "everybody"}, "access"),
        ({"lease_minutes": 0}, "lease_minutes"),
        ({"layers": ["conv9"]}, "no layer 'conv9'. It has: conv1, conv2"),
        ({"units": ["conv1"]}, "names no units"),
        ({"units": ["conv1/2-9"]}, "units 0 to 3"),
        ({"images_per_task": 80}, "None of the 8 units"),
    ],
)
def test_what_cannot_be_opened_says_why_and_leaves_nothing_behind(run, plan, told):
    with pytest.raises(CannotOpen, match=told):
        open_campaign(slug="a", run=run, plan=Plan(**plan))
    assert not Campaign.objects.exists()


def test_a_slug_is_taken_once(run):
    open_campaign(slug="a", run=run)
    with pytest.raises(CannotOpen, match="already exists"):
        open_campaign(slug="a", run=run)


def test_an_unfinished_run_is_refused(run):
    run.state = State.RUNNING
    with pytest.raises(CannotOpen, match="running, not done"):
        open_campaign(slug="a", run=run)


def test_the_newest_finished_run_is_taken(run):
    RunFactory(network=run.network, image_set=run.image_set, state=State.RUNNING)
    RunFactory(network=run.network, image_set=run.image_set)  # done, but without segments
    assert newest_run("alexnet", "nyu") == run


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("vgg", "nyu"), "no network 'vgg'. There are: alexnet"),
        (("alexnet", "sun"), "no image set 'sun'. There are: nyu"),
        (("alexnet", "nyu", ["fc7"]), "segmented images for fc7"),
    ],
)
def test_what_is_missing_for_a_run_is_said(run, words, told):
    with pytest.raises(CannotOpen, match=told):
        newest_run(*words)


def test_runs_that_are_absent_or_not_done_are_said(run):
    run.top_images.all().delete()
    run.state = State.FAILED
    run.save()
    with pytest.raises(CannotOpen, match="the newest is failed"):
        newest_run("alexnet", "nyu")
    run.delete()
    with pytest.raises(CannotOpen, match="analyze alexnet nyu"):
        newest_run("alexnet", "nyu")


def test_the_command_opens_and_says_where_workers_begin(run, tmp_path):
    (tmp_path / "how.md").write_text("Be *specific*.", encoding="utf-8")
    run.layers.get(name="conv1").units.get(channel=2).top_images.update(activation=0)
    told = run_command(
        "open_campaign", "kitchen", "--network", "alexnet", "--images", "nyu", "--layers", "conv1",
        "--answers", "2", "--images-per-task", "30", "--controls", "2", "--access", "link",
        "--guidelines", str(tmp_path / "how.md"),
    )  # fmt: skip
    campaign = Campaign.objects.get(slug="kitchen")
    assert "3 units, 2 answers each" in told
    assert "Left out alexnet/conv1/2: it never fires on these images." in told
    assert f"/label/kitchen/?k={campaign.link_token}" in told
    assert campaign.guidelines == "Be *specific*."
    assert len(campaign.tasks.first().items) == 30


def test_the_command_says_what_is_missing(run, tmp_path):
    for words in (
        ("open_campaign", "a", "--network", "vgg", "--images", "nyu"),
        ("open_campaign", "a b", "--network", "alexnet", "--images", "nyu"),
        ("open_campaign", "a", "--network", "alexnet", "--images", "nyu", "--units", "conv7/1"),
        ("open_campaign", "a", "--network", "alexnet", "--images", "nyu", "--guidelines",
         str(tmp_path / "absent.md")),
        ("publish", "absent"),
    ):  # fmt: skip
        with pytest.raises(CommandError):
            run_command(*words)


def test_publish_writes_the_labels():
    campaign = open_small_campaign(units=2, slug="kitchen")
    lease = claim(a_worker(), campaign, timezone.now())
    submit(lease, a_given(lease), timezone.now())
    assert "1 of 2 units labelled, source people" in run_command("publish", "kitchen")
    assert UnitSemantics.objects.get().origin == "kitchen"


def test_states_turn_only_where_they_can():
    campaign = open_small_campaign()
    assert not campaigns.reopen(campaign)
    assert campaigns.pause(campaign)
    assert not campaigns.pause(campaign)
    assert campaigns.close(campaign)
    assert not campaigns.pause(campaign)
    assert campaigns.reopen(campaign)
    assert campaign.state == "open"
