"""What a worker learns before the first unit: works, stranger, bad input, twice, no scripts."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotate.models import Assignment, Lesson, PracticeAnswer, PracticeRound
from annotate.services import lessons, practice
from annotate.services.workers import worker_for
from tests.annotate.factories import open_small_campaign
from tests.annotate.lessons import MARKED, WRONG, a_lesson, practise

pytestmark = pytest.mark.rows

JSON = {"HTTP_ACCEPT": "application/json"}


def said(**changed):
    """Return what the form of the expert's answer sends."""
    marks = ",".join(map(str, MARKED))
    return {"concept": "sofa", "category": "object", "rejected": marks, **changed}


def at(name, answer):
    """Return an address of a practice answer."""
    return reverse(f"annotate:practice_{name}", args=["rooms", answer.pk])


@pytest.fixture
def campaign(db):
    """Five units: one worked, two to practise on."""
    campaign = open_small_campaign(units=5, slug="rooms", access="members")
    a_lesson(campaign, "tutorial")
    for _ in range(2):
        a_lesson(campaign)
    return campaign


@pytest.fixture
def answers(alice, campaign):
    """The answers that Alice's round waits for."""
    alice.post("/label/rooms/practice/")
    return list(PracticeAnswer.objects.all())


def body(reply):
    """Return the page as text."""
    return reply.content.decode()


def test_the_next_unit_leads_to_what_is_to_be_learnt(alice, campaign):
    page = alice.get("/label/rooms/", follow=True)
    assert page.redirect_chain == [("/label/rooms/learn/", 302)]
    assert "See the worked units" in body(page)
    assert "80 of 100 points pass" in body(page)
    assert not Assignment.objects.exists()
    assert "It begins with a short practice round" in body(alice.get("/label/"))


def test_a_newcomer_by_link_is_told_of_the_practice(client, campaign):
    type(campaign).objects.update(access="link")
    page = client.get(f"/label/rooms/?k={campaign.link_token}")
    assert "a short practice round" in body(page)
    client.post("/label/rooms/", {"k": campaign.link_token})
    assert client.get("/label/rooms/")["Location"] == "/label/rooms/learn/"


def test_a_worked_unit_shows_marks_words_and_why(alice, campaign):
    page = body(alice.get("/label/rooms/tutorial/1/"))
    assert page.count("is-marked") == page.count(": marked, does not fit") == len(MARKED)
    assert "<em>sits</em>" in page
    assert "As good: <bdi>couch</bdi>." in page
    assert alice.get("/label/rooms/tutorial/0/").status_code == 404
    assert alice.get("/label/rooms/tutorial/2/").status_code == 404
    assert Lesson.objects.worked().get().seen_at


def test_the_maker_s_own_look_is_no_worker_s(client, researcher, campaign):
    type(campaign).objects.update(created_by=researcher)
    client.force_login(researcher)
    client.get("/label/rooms/tutorial/1/")
    assert Lesson.objects.worked().get().seen_at is None


def test_a_lesson_that_is_not_labelled_is_not_shown(alice, campaign):
    lessons.make_lesson(campaign.tasks.asked().first(), "tutorial", timezone.now())
    assert alice.get("/label/rooms/tutorial/2/").status_code == 404


def test_practice_is_the_task_page_and_tells_nothing_of_the_expert(alice, answers):
    page = alice.get("/label/rooms/practice/", follow=True)
    assert page.redirect_chain[-1][0] == at("unit", answers[0])
    assert 'id="answer"' in body(page)
    assert at("submit", answers[0]) in body(page)
    assert "sofa" not in body(page)
    assert "couch" not in body(page)
    assert "practice, not counted" in body(page)


def test_passing_leads_to_the_first_unit(alice, answers):
    for answer in answers:
        reply = alice.post(at("submit", answer), said(), **JSON)
        assert reply.json() == {"next": at("feedback", answer)}
    page = body(alice.get("/label/rooms/practice/"))
    assert "You have passed" in page
    assert "100 of 100 points; 80 pass" in page
    assert alice.get("/label/rooms/")["Location"].startswith("/label/rooms/")
    assert Assignment.objects.count() == 1


def test_feedback_says_what_the_expert_said_and_which_clicks_differ(alice, answers):
    reply = alice.post(
        at("submit", answers[0]),
        said(concept="bed", category="part", rejected="3,8,9"),
        follow=True,
    )
    page = body(reply)
    assert "You kept 2 that the expert marked" in page
    assert "You marked 1 that the expert kept" in page
    assert "“bed”" in page
    assert "“sofa” (also: couch)" in page
    assert "a neighbouring group" in page
    assert "another concept" in page
    assert "<em>sits</em>" in page
    assert "Next practice unit" in page


def test_a_round_that_fails_may_be_tried_once_more(alice, campaign, worker_user):
    practise(campaign, worker_for(worker_user), **WRONG)
    page = body(alice.get("/label/rooms/practice/"))
    assert "Try again" in page
    assert "Not yet" in page
    for _ in range(2):
        alice.post("/label/rooms/practice/")
    assert PracticeRound.objects.count() == 2


def test_who_fails_twice_is_told_plainly(alice, campaign, worker_user):
    for _ in range(2):
        practise(campaign, worker_for(worker_user), **WRONG)
    assert "That was the second attempt" in body(alice.get("/label/rooms/practice/"))
    page = alice.post("/label/rooms/practice/", follow=True)
    assert "tried the practice round twice" in body(page)
    assert "Both attempts" in body(page)
    assert alice.get("/label/rooms/")["Location"] == "/label/rooms/learn/"
    assert PracticeRound.objects.count() == 2


def test_an_answer_is_given_once(alice, answers):
    for _ in range(2):
        assert alice.post(at("submit", answers[0]), said())["Location"] == at(
            "feedback", answers[0]
        )
    alice.post(at("submit", answers[0]), said(concept="bed"))
    assert PracticeAnswer.objects.get(pk=answers[0].pk).concept == "sofa"
    assert alice.get(at("unit", answers[0]))["Location"] == at("feedback", answers[0])


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"concept": ""}, "concept"), ({"category": "animal"}, "category"),
        ({"rejected": ""}, "images"), ({"rejected": "99"}, "images"), ({"rejected": "x"}, "images"),
    ],
)  # fmt: skip
def test_bad_answers_are_told_where_they_are_wrong(alice, answers, changed, place):
    reply = alice.post(at("submit", answers[0]), said(**changed), **JSON)
    assert reply.status_code == 422
    assert set(reply.json()["errors"]) == {place}
    plain = alice.post(at("submit", answers[0]), said(**changed))
    assert plain.status_code == 422
    assert reply.json()["errors"][place][:20] in body(plain)


def test_without_scripts_checkboxes_mark_images(alice, answers):
    sent = said(rejected="") | {"reject": [str(place) for place in MARKED]}
    alice.post(at("submit", answers[0]), sent)
    assert PracticeAnswer.objects.get(pk=answers[0].pk).rejected == MARKED


def test_drafts_are_kept_and_the_newest_wins(alice, answers):
    first = alice.post(at("draft", answers[0]), said(version="5"), **JSON).json()
    assert first == {"version": 5, "held": True, "seconds_left": 86400}
    late = alice.post(at("draft", answers[0]), said(version="4", concept="old"), **JSON).json()
    assert late["draft"]["concept"] == "sofa"
    assert 'value="sofa"' in body(alice.get(at("unit", answers[0])))
    assert alice.post(at("draft", answers[0]), said(rejected="x"), **JSON).status_code == 422
    alice.post(at("submit", answers[0]), said())
    reply = alice.post(at("draft", answers[0]), said(version="9"), **JSON)
    assert (reply.status_code, reply.json()["next"]) == (409, at("feedback", answers[0]))


def test_a_unit_taken_out_leads_on(alice, answers):
    lessons.remove(answers[0].lesson, timezone.now())
    assert alice.get(at("unit", answers[0])).status_code == 404
    assert alice.get("/label/rooms/practice/")["Location"] == at("unit", answers[1])


def test_a_round_is_nobody_else_s(client, answers, other_researcher):
    client.force_login(other_researcher)
    for name in ("unit", "feedback"):
        assert client.get(at(name, answers[0])).status_code == 404
    for name in ("submit", "draft"):
        assert client.post(at(name, answers[0]), said()).status_code == 404
    nobody = Client()
    assert nobody.get("/label/rooms/learn/")["Location"].startswith("/sign-in/")
    assert nobody.post("/label/rooms/practice/")["Location"].startswith("/sign-in/")


def test_looking_begins_no_round(alice, campaign):
    for path in ("practice/", "learn/", "tutorial/1/"):
        alice.get(f"/label/rooms/{path}")
    assert not PracticeRound.objects.exists()


def test_a_campaign_without_lessons_says_that_one_may_begin(alice, db):
    open_small_campaign(units=2, slug="rooms", access="members")
    page = body(alice.get("/label/rooms/learn/"))
    assert "To your unit" in page
    assert "practice" not in page.lower().replace("unitscope", "")
    begun = alice.post("/label/rooms/practice/", follow=True)
    assert "no practice round" in body(begun)


def test_practice_rests_with_the_campaign(alice, campaign):
    type(campaign).objects.update(state="paused")
    assert "This campaign is paused" in body(alice.get("/label/rooms/"))
    assert "rests too" in body(alice.post("/label/rooms/practice/", follow=True))


def test_practice_is_kept_apart_from_answers(alice, campaign, worker_user):
    practise(campaign, worker_for(worker_user))
    assert practice.rounds_of(campaign).count() == 1
    assert not Assignment.objects.exists()
