"""The consensus of a campaign becomes the unit's label in `analysis`."""

import pytest
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate.models import Answer, Campaign, Task
from annotate.services.assignments import claim
from annotate.services.consensus import publish, publish_task
from annotate.services.submission import submit
from annotate.services.workers import new_simulated_worker
from annotate.tasks import aggregate
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def answer(campaign, worker=None, **changed):
    """Have somebody answer the next unit."""
    lease = claim(worker or a_worker(), campaign, timezone.now())
    return submit(lease, a_given(lease, **changed), timezone.now())


def test_a_label_is_written_and_grows_with_the_answers():
    campaign = open_small_campaign(units=1, slug="kitchens")
    given = answer(campaign)
    aggregate(given.task_id)
    row = UnitSemantics.objects.get()
    assert (row.source, row.origin, row.run) == ("people", "kitchens", campaign.run)
    assert (row.concept, row.category, row.answers) == ("billiard table", "object", 1)
    assert (row.precision, row.images_shown, row.images_kept) == (1.0, 57, 57)
    assert row.precision_low < 1.0 == row.precision_high
    assert row.details["concept"] == "single"
    answer(campaign, concept="Billard tables")
    answer(campaign, concept="lamp", category="part")
    aggregate(given.task_id)
    aggregate(given.task_id)
    row = UnitSemantics.objects.get()
    assert (row.concept, row.answers) == ("billiard table", 3)
    assert row.agreement == pytest.approx(2 / 3)
    assert (row.details["concept"], row.details["method"]) == ("majority", "concepts")
    assert (row.details["version"], row.details["wordnet"]) == (1, "3.0")


def test_all_words_are_kept_with_pseudonyms():
    campaign = open_small_campaign(units=1)
    first = answer(campaign)
    answer(campaign, concept="pool")
    row = publish_task(first.task)
    assert [word["concept"] for word in row.details["words"]] == ["billiard table", "pool"]
    assert row.details["words"][0]["worker"] == first.worker.pseudonym
    planted = {str(first.task.items[place]) for place in first.task.controls}
    assert len(row.details["votes"]) == 57
    assert planted.isdisjoint(row.details["votes"])


def test_each_word_says_how_it_stands_to_the_label():
    campaign = open_small_campaign(units=1)
    answer(campaign, concept="couch")
    answer(campaign, concept="Sofas")
    row = publish_task(answer(campaign, concept="lamp").task)
    stands = [(word["stands"], word["why"]) for word in row.details["words"]]
    assert stands == [
        ("same word", "the same word"),
        ("synonyms", "synonyms in WordNet: couch, sofas"),
        ("", ""),
    ]
    assert [word["same_concept_as"] for word in row.details["words"]] == [0, 0, 1]
    assert (row.details["key"], row.details["spelt"], row.agreement) == (
        "couch",
        "couch",
        pytest.approx(2 / 3),
    )


def test_trusted_workers_weigh_more_and_the_label_says_that_it_is_weighted():
    campaign = open_small_campaign(units=1)
    trusted = answer(campaign, concept="lamp")
    answer(campaign, concept="bed")
    answer(campaign, concept="bed")
    assert publish_task(trusted.task).concept == "bed"
    row = publish_task(trusted.task, weights={trusted.worker.pseudonym: 3.0})
    assert (row.concept, row.details["weighted"]) == ("lamp", True)
    assert publish_task(trusted.task, "majority").details["method"] == "majority"


def test_publishing_twice_changes_nothing():
    campaign, worker = open_small_campaign(units=3), a_worker()
    for _ in range(2):
        answer(campaign, worker)
    assert publish(campaign) == 2
    before = list(UnitSemantics.objects.values())
    assert publish(campaign) == 2
    assert list(UnitSemantics.objects.values()) == before


def test_a_simulated_campaign_goes_to_its_own_source():
    campaign = open_small_campaign(simulated=True)
    answer(campaign, new_simulated_worker())
    publish(campaign)
    assert UnitSemantics.objects.get().source == "simulated"


def test_an_answer_by_a_simulated_worker_never_counts_as_a_persons():
    campaign = open_small_campaign(simulated=True)
    given = answer(campaign, new_simulated_worker())
    publish(campaign)
    Campaign.objects.update(simulated=False)  # however it came to be among people's
    assert publish_task(given.task) is None
    assert not UnitSemantics.objects.filter(source="people").exists()


def test_a_unit_whose_answers_are_gone_loses_its_label():
    campaign = open_small_campaign()
    given = answer(campaign)
    publish(campaign)
    Answer.objects.all().delete()
    assert publish_task(given.task) is None
    assert not UnitSemantics.objects.exists()


def test_a_task_deleted_before_its_turn_is_passed_over():
    aggregate(Task.objects.count() + 999)
