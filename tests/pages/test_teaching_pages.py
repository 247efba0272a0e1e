"""The researcher's pages of teaching: works, nobody, stranger, wrong method, bad input, twice."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotate.models import Assignment, Campaign, Lesson
from annotate.services import lessons
from tests.annotate.factories import a_worker, open_small_campaign
from tests.annotate.lessons import WRONG, a_lesson, practise

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

EVIL = """# Rooms 🛋️👀

<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3)) *kind*
"""


def page_of(name, *args):
    """Return the address of one of the pages."""
    return reverse(f"annotate:{name}", args=["rooms", *args])


@pytest.fixture
def campaign(researcher):
    """Bob's campaign of five units."""
    return open_small_campaign(units=5, slug="rooms", user=researcher)


@pytest.fixture
def bob(client, researcher, campaign):
    """Bob, signed in."""
    client.force_login(researcher)
    return client


def body(reply):
    """Return the page as text."""
    return reply.content.decode()


def make(bob, task, kind="practice"):
    """Press one of the two buttons of the campaign's table."""
    return bob.post(page_of("lesson_make"), {"task": task.pk, "kind": kind})


def test_without_lessons_the_page_says_what_there_could_be(bob):
    page = body(bob.get(page_of("teaching")))
    assert "workers begin at once" in page
    assert "Three are usual" in page
    assert "Nobody has begun yet" in page


def test_a_unit_is_made_a_practice_unit_labelled_and_explained(bob, campaign):
    table = body(bob.get(page_of("campaign")))
    assert table.count("a practice unit") == 5
    task = campaign.tasks.first()
    reply = make(bob, task)
    lesson = Lesson.objects.get()
    assert reply["Location"] == page_of("lesson_label", lesson.pk)
    page = body(bob.get(reply["Location"]))
    assert "your answer is the expert’s" in page
    assert page_of("lesson_submit", lesson.pk) in page
    sent = {"concept": "Sofa", "category": "object", "rejected": "1,2"}
    onward = bob.post(page_of("lesson_submit", lesson.pk), sent)["Location"]
    assert onward == page_of("lesson", lesson.pk)
    told = {"why": "It *sits* there.", "other_words": "couch, settee\nlove seat"}
    assert bob.post(onward, told)["Location"] == page_of("teaching")
    lesson.refresh_from_db()
    assert (lesson.concept, lesson.rejected) == ("Sofa", [1, 2])
    assert lesson.other_words == ["couch", "settee", "love seat"]
    assert "Practice round" in body(bob.get(page_of("teaching")))
    assert "asked of nobody" in body(bob.get(page_of("campaign")))


def test_a_unit_is_made_gold_labelled_and_given_up(bob, campaign):
    assert body(bob.get(page_of("campaign"))).count("a gold unit") == 5
    task = campaign.tasks.first()
    reply = make(bob, task, "gold")
    assert make(bob, task, "gold")["Location"] == reply["Location"]
    lesson = Lesson.objects.get()
    assert "shown to no worker" in body(bob.get(reply["Location"]))
    sent = {"concept": "Sofa", "category": "object", "rejected": "1,2"}
    onward = bob.post(page_of("lesson_submit", lesson.pk), sent)["Location"]
    assert "workers never read it" in body(bob.get(onward))
    table = body(bob.get(page_of("campaign")))
    assert "Gold: mixed in to check workers; counted nowhere" in table
    assert "1 unit in 5 is one of 1 known, falling to 1 in 25" in table
    assert page_of("lesson_remove", lesson.pk) in body(bob.get(page_of("teaching")))
    Assignment.objects.create(
        task=task, worker=a_worker(), seed=1, leased_at=timezone.now(), due_at=timezone.now()
    )
    for _ in range(2):
        told = body(bob.post(page_of("lesson_remove", lesson.pk), follow=True))
        assert "is retired: nobody is given it any more" in told
        assert "Retired gold" in told
    acts = campaign.audit.values_list("act", "by_user__username")
    assert list(acts) == [("gold removed", "bob"), ("gold made", "bob")]


def test_making_twice_is_once_and_leads_on(bob, campaign):
    task = campaign.tasks.first()
    assert make(bob, task)["Location"] == make(bob, task)["Location"]
    assert Lesson.objects.count() == 1
    lesson = a_lesson(campaign)
    assert make(bob, lesson.task)["Location"] == page_of("lesson", lesson.pk)


@pytest.mark.parametrize("sent", [{}, {"task": "x"}, {"task": "9" * 30}, {"task": "-1"}])
def test_a_unit_that_is_not_there_is_not_found(bob, sent):
    assert bob.post(page_of("lesson_make"), sent | {"kind": "practice"}).status_code == 404


def test_what_cannot_teach_is_told(bob, campaign):
    reply = bob.post(
        page_of("lesson_make"), {"task": campaign.tasks.first().pk, "kind": "exam"}, follow=True
    )
    assert "not as &#x27;exam&#x27;" in body(reply)
    assert not Lesson.objects.exists()


def test_guidelines_are_written_previewed_and_safe(bob, campaign):
    address = page_of("guidelines")
    preview = body(bob.post(address, {"guidelines": EVIL, "preview": "1"}))
    assert "<em>kind</em>" in preview
    assert "<h3>Rooms 🛋️👀</h3>" in preview
    campaign.refresh_from_db()
    assert campaign.guidelines == ""
    assert bob.post(address, {"guidelines": EVIL})["Location"] == page_of("teaching")
    shown = [bob.get(page_of("teaching")), bob.get(address), bob.get("/label/rooms/learn/")]
    for page in map(body, shown):
        assert "<em>kind</em>" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page


def test_long_guidelines_are_kept_whole_and_too_long_ones_told(bob, campaign):
    long = "🛋 é\n" * 2500
    assert len(long) == 10_000
    bob.post(page_of("guidelines"), {"guidelines": long})
    campaign.refresh_from_db()
    assert campaign.guidelines == long.strip()
    refused = bob.post(page_of("guidelines"), {"guidelines": "x" * 20_001})
    assert refused.status_code == 422
    assert "at most 20000 characters" in body(refused)
    assert "x" * 20_001 in body(refused)


def test_the_why_is_previewed_and_bad_words_told(bob, campaign):
    lesson = a_lesson(campaign)
    address = page_of("lesson", lesson.pk)
    preview = bob.post(address, {"why": EVIL, "other_words": "", "preview": "1"})
    assert "<em>kind</em>" in body(preview)
    assert "<script>alert" not in body(preview)
    refused = bob.post(address, {"why": "new", "other_words": "123"})
    assert refused.status_code == 422
    assert "no letter" in body(refused)
    lesson.refresh_from_db()
    assert lesson.why == "It *sits* in every picture."


@pytest.mark.parametrize("bar", ["", "0", "101", "x", "1e3"])
def test_a_bar_that_is_none_is_told(bob, campaign, bar):
    reply = bob.post(page_of("teaching_bar"), {"bar": bar})
    assert reply.status_code == 422
    campaign.refresh_from_db()
    assert campaign.practice_bar == 80


def test_the_bar_is_set(bob, campaign):
    for _ in range(2):
        assert bob.post(page_of("teaching_bar"), {"bar": "65"})["Location"] == page_of("teaching")
    campaign.refresh_from_db()
    assert campaign.practice_bar == 65


def test_lessons_are_moved_and_removed(bob, campaign):
    first, second = a_lesson(campaign), a_lesson(campaign)
    bob.post(page_of("lesson_move", second.pk), {"to": "up"})
    assert list(Lesson.objects.practised()) == [second, first]
    assert "up or down" in body(
        bob.post(page_of("lesson_move", first.pk), {"to": "left"}, follow=True)
    )
    for told in ("is asked about again", "teaches no longer"):
        assert told in body(bob.post(page_of("lesson_remove", first.pk), follow=True))
    practise(campaign)
    assert "set aside" in body(bob.post(page_of("lesson_remove", second.pk), follow=True))
    assert "Set aside" in body(bob.get(page_of("teaching")))


def test_who_has_passed_is_told_by_pseudonym(bob, campaign):
    a_lesson(campaign)
    good, bad = practise(campaign), practise(campaign, **WRONG)
    page = body(bob.get(page_of("teaching")))
    assert "1 of 2 workers who began" in page
    assert good.worker.pseudonym in page
    assert bad.worker.pseudonym in page
    assert "not passed" in page


def test_the_expert_s_draft_is_kept_and_her_faults_told(bob, campaign):
    lesson = lessons.make_lesson(campaign.tasks.first(), "practice", timezone.now())
    sent = {"concept": "so", "version": "7", "rejected": "4"}
    kept = bob.post(page_of("lesson_draft", lesson.pk), sent).json()
    assert kept == {"version": 7, "held": True, "seconds_left": 86400}
    assert 'value="so"' in body(bob.get(page_of("lesson_label", lesson.pk)))
    assert bob.post(page_of("lesson_draft", lesson.pk), {"rejected": "x"}).status_code == 422
    plain = bob.post(page_of("lesson_submit", lesson.pk), sent)
    assert plain.status_code == 422
    told = bob.post(page_of("lesson_submit", lesson.pk), sent, HTTP_ACCEPT="application/json")
    assert set(told.json()["errors"]) == {"category"}


def test_a_label_that_workers_were_compared_with_stays(bob, campaign):
    lesson = a_lesson(campaign)
    practise(campaign)
    sent = {"concept": "bed", "category": "object", "rejected": "1"}
    page = bob.post(page_of("lesson_submit", lesson.pk), sent, follow=True)
    assert "compared with what you said" in body(page)
    lesson.refresh_from_db()
    assert lesson.concept == "sofa"


def test_another_researcher_looks_but_does_not_touch(client, other_researcher, campaign):
    a_lesson(campaign)
    client.force_login(other_researcher)
    page = body(client.get(page_of("teaching")))
    assert "Remove" not in page
    assert "a practice unit" not in body(client.get(page_of("campaign")))


def test_a_lesson_of_another_campaign_is_not_found_under_this_one(bob, researcher):
    other = open_small_campaign(units=3, slug="other", user=researcher)
    lesson = a_lesson(other)
    assert bob.get(page_of("lesson", lesson.pk)).status_code == 404
    assert bob.post(page_of("lesson_move", lesson.pk), {"to": "up"}).status_code == 404


def test_a_simulated_campaign_offers_no_teaching(bob, campaign):
    Campaign.objects.update(simulated=True)
    assert "a practice unit" not in body(bob.get(page_of("campaign")))
    assert "are not taught" in body(bob.get(page_of("teaching")))
