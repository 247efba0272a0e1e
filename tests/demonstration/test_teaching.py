"""Lessons of the demonstration: from masks, clear, of several concepts, said to be machine-made."""

from types import SimpleNamespace

import numpy as np
import pytest
from django.utils import timezone

from annotate.core.rules import Given
from annotate.core.simulation import Seen
from annotate.models import Assignment, Lesson
from annotate.services.practice import begin
from demonstration import teaching
from demonstration.teaching import Clear, choose, expert, teach, why
from tests.annotate.factories import a_worker, open_small_campaign

NAMES = ("wall", "sofa", "lamp")


def seen(sofas, images=60, share=0.5):
    """Return a unit whose first images show a sofa before a wall."""
    shares = np.zeros((images, len(NAMES)))
    shares[:, 0] = 0.3
    shares[:sofas, 1] = share
    return Seen(shares, NAMES)


def test_the_expert_names_what_the_masks_show_and_marks_what_lacks_it():
    name, given, clearness = expert(seen(50))
    assert (name, given.concept, given.category) == ("sofa", "sofa", "object")
    assert given.rejected == list(range(50, 60))
    assert clearness == 1


def test_images_that_hardly_show_it_make_a_unit_less_clear():
    looked = seen(50)
    looked.shares[:6, 1] = 0.05
    assert expert(looked)[2] == pytest.approx(0.9)


@pytest.mark.parametrize("sofas", [0, 20, 58, 60])
def test_what_teaches_nothing_is_left_out(sofas):
    assert expert(seen(sofas)) is None


def test_a_surface_is_a_region():
    shares = np.zeros((60, 3))
    shares[:50, 0] = 0.9
    assert expert(Seen(shares, NAMES))[1].category == "region"


def a_clear(name, clearness):
    """Return a clear unit."""
    task = SimpleNamespace(items=list(range(60)))
    return Clear(task, name, Given(name, "object", [1, 2, 3]), clearness)


def test_the_clearest_of_each_concept_come_first():
    found = [a_clear("sofa", 0.9), a_clear("sofa", 1.0), a_clear("lamp", 0.8)]
    assert [(one.name, one.clearness) for one in choose(found)] == [
        ("sofa", 1.0), ("lamp", 0.8), ("sofa", 0.9),
    ]  # fmt: skip


def test_the_why_tells_its_numbers_and_that_nobody_said_it():
    text = why(a_clear("sofa", 1.0))
    assert "57 of 60" in text
    assert "Nobody labelled this unit" in text


@pytest.fixture
def looked(monkeypatch):
    """Have every unit look like a clear sofa."""
    monkeypatch.setattr(
        teaching, "Looks", lambda campaign: SimpleNamespace(at=lambda task: seen(50))
    )


@pytest.mark.rows
@pytest.mark.django_db
def test_a_campaign_is_taught_once_and_begins_with_practice(looked, researcher):
    campaign = open_small_campaign(units=8)
    said = []
    for _ in range(2):
        teach(campaign, researcher, said.append)
    assert said == ["Made 3 worked units and a practice round of 2 from the masks."]
    assert Lesson.objects.worked().count() == 3
    assert all(Lesson.objects.values_list("machine_made", flat=True))
    assert campaign.tasks.asked().count() == 3
    assert begin(a_worker(), campaign, timezone.now()).answers.count() == 2


@pytest.mark.rows
@pytest.mark.django_db
def test_small_touched_or_unclear_campaigns_are_left_alone(looked, monkeypatch, researcher):
    said = []
    teach(open_small_campaign(units=7), researcher, said.append)
    touched = open_small_campaign(units=8)
    Assignment.objects.create(
        task=touched.tasks.first(), worker=a_worker(), seed=1,
        leased_at=timezone.now(), due_at=timezone.now(),
    )  # fmt: skip
    teach(touched, researcher, said.append)
    monkeypatch.setattr(teaching, "expert", lambda seen: None)
    teach(open_small_campaign(units=8), researcher, said.append)
    assert said == ["Of 24 units only 0 are clear by the masks: nothing is taught."]
    assert not Lesson.objects.exists()
