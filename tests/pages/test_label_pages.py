"""One unit's pages: works, nobody, stranger, wrong method, bad input, twice."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotate.models import Answer, Assignment, Campaign
from annotate.services.assignments import claim
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.pages.label_pages import answer_to, at

pytestmark = pytest.mark.rows

JSON = {"HTTP_ACCEPT": "application/json"}
MEMBERS = Campaign.Access.MEMBERS


# ---- /label/<campaign>/<assignment>/ ------------------------------------------------------------
def test_a_unit_shows_all_its_images_once_in_this_workers_order(alice, held):
    page = alice.get(at("task", held)).content.decode()
    places = [int(place) for place in re.findall(r'class="shot" data-place="(\d+)"', page)]
    assert sorted(places) == list(range(60))
    assert places != sorted(places)


def test_planted_negatives_cannot_be_told_apart_in_the_page(alice, held):
    page = alice.get(at("task", held)).content.decode()
    tiles = re.findall(r'<div class="cell">.*?</div>', page, re.DOTALL)
    shapes = {
        re.sub(
            r"[0-9a-f]{32}", "T", re.sub(r'(data-place|value)="\d+"|Image \d+|> \d+ ', "P", tile)
        )
        for tile in tiles
    }
    # Two shapes of loading and one tab stop make three; they follow the place on the screen only.
    assert len(tiles) == 60
    assert len(shapes) <= 3
    assert not re.search(r"\bcontrols?\b|planted|negative", page.replace("aria-controls", ""))


def test_others_answers_and_labels_are_not_on_the_page(alice, held, campaign):
    other = a_worker(user=None)
    Campaign.objects.update(access="link")
    campaign.refresh_from_db()
    for _ in range(3):
        theirs = claim(other, campaign, timezone.now())
        submit(theirs, a_given(theirs, concept="secretword"), timezone.now())
    page = alice.get(at("task", held))
    assert page.status_code == 200
    assert "secretword" not in page.content.decode()


def test_a_unit_is_not_there_for_a_stranger(client, held, researcher):
    client.force_login(researcher)
    for name in ("task", "done"):
        assert client.get(at(name, held)).status_code == 404
    for name in ("submit", "draft", "give_back"):
        assert client.post(at(name, held), answer_to(held)).status_code == 404
    assert not Answer.objects.exists()


def test_nobody_is_sent_to_sign_in_and_back(held):
    nobody = Client()
    for name in ("task", "done"):
        reply = nobody.get(at(name, held))
        assert reply["Location"] == f"/sign-in/?next={at(name, held)}"
    for name in ("submit", "draft", "give_back"):
        assert nobody.post(at(name, held))["Location"] == "/sign-in/?next=/label/"
        assert nobody.post(at(name, held), **JSON).status_code == 401


def test_a_unit_of_another_campaign_is_not_found_under_this_one(alice, held):
    open_small_campaign(units=1, slug="other", access=MEMBERS)
    address = reverse("annotate:label_task", args=["other", held.pk])
    assert alice.get(address).status_code == 404


def test_pages_and_posts_keep_to_their_methods(alice, held):
    for name in ("submit", "draft", "give_back"):
        assert alice.get(at(name, held)).status_code == 405
    for name in ("task", "done"):
        assert alice.post(at(name, held)).status_code == 405


def test_posts_need_the_csrf_token(held, worker_user):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(worker_user)
    for name in ("submit", "draft", "give_back"):
        assert strict.post(at(name, held), answer_to(held)).status_code == 403


def test_a_lapsed_unit_is_taken_up_again_while_it_is_free(alice, held):
    Assignment.objects.update(due_at=timezone.now() - timedelta(minutes=5))
    assert alice.get(at("task", held)).status_code == 200
    assert Assignment.objects.get().is_live(timezone.now())


def test_a_lapsed_unit_that_others_took_says_so(alice, held, campaign):
    Assignment.objects.update(due_at=timezone.now() - timedelta(minutes=5))
    held.task.answers_given = held.task.answers_wanted
    held.task.save()
    reply = alice.get(at("task", held))
    assert reply.status_code == 409
    assert "Your time for this unit ended" in reply.content.decode()


# ---- submit -------------------------------------------------------------------------------------
def test_an_answer_is_taken_and_thanked_for(alice, held):
    reply = alice.post(at("submit", held), answer_to(held), follow=True)
    assert "Your answer is in." in reply.content.decode()
    answer = Answer.objects.get()
    assert (answer.concept, answer.category, answer.focused_seconds) == (
        "billiard table",
        "object",
        31,
    )


def test_our_script_is_told_where_to_go(alice, held):
    reply = alice.post(at("submit", held), answer_to(held), **JSON)
    assert reply.json() == {"next": at("done", held)}


def test_submitting_twice_gives_one_answer(alice, held):
    for _ in range(2):
        assert alice.post(at("submit", held), answer_to(held))["Location"] == at("done", held)
    assert Answer.objects.count() == 1


def test_another_answer_to_the_same_unit_is_refused(alice, held):
    alice.post(at("submit", held), answer_to(held))
    reply = alice.post(at("submit", held), answer_to(held, concept="sofa"))
    assert reply.status_code == 409
    assert "answered this unit already" in reply.content.decode()
    assert Answer.objects.get().concept == "billiard table"


def test_without_scripts_checkboxes_mark_images(alice, held):
    sent = answer_to(held, rejected="") | {"reject": held.task.controls}
    alice.post(at("submit", held), sent)
    assert Answer.objects.get().rejected == sorted(held.task.controls)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"concept": ""}, "concept"),
        ({"concept": "!!!"}, "concept"),
        ({"concept": "x" * 5000}, "concept"),
        ({"concept": "nul\x00"}, "concept"),
        ({"category": ""}, "category"),
        ({"category": "animal"}, "category"),
        ({"category": "o" * 500}, "category"),
        ({"rejected": ""}, "images"),
        ({"rejected": "1,2,spoon"}, "images"),
        ({"rejected": "60"}, "images"),
        ({"rejected": "-1"}, "images"),
        ({"rejected": "1e3"}, "images"),
        ({"rejected": "²"}, "images"),
        ({"rejected": "9" * 5000}, "images"),
        ({"rejected": ",".join(map(str, range(300)))}, "images"),
        ({"unseen": "x"}, "images"),
        ({"all_fit": "1"}, "images"),
    ],
)
def test_bad_input_is_refused_where_it_is_wrong_and_nothing_is_lost(alice, held, changed, place):
    sent = answer_to(held) | changed
    reply = alice.post(at("submit", held), sent)
    assert reply.status_code == 422
    page = reply.content.decode()
    sentence = re.search(rf'id="{place}-error"[^>]*>([^<]+)<', page)
    assert sentence, f"no sentence about {place}"
    if place != "category":
        assert re.search(r'value="object" checked', page)
    if place != "images":
        assert page.count('aria-pressed="true"') == 3
    if "concept" not in changed:
        assert 'value="billiard table"' in page
    assert list(alice.post(at("submit", held), sent, **JSON).json()["errors"]) == [place]
    assert not Answer.objects.exists()


def test_a_clock_that_cannot_be_read_costs_no_answer(alice, held):
    alice.post(at("submit", held), answer_to(held, focused_seconds="soon"))
    assert Answer.objects.get().focused_seconds == 0


def test_a_script_in_the_concept_is_shown_as_text(alice, held):
    sent = answer_to(held, concept='"><script>alert(1)</script>', category="")
    page = alice.post(at("submit", held), sent).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_late_answer_to_a_complete_unit_is_told_kindly(alice, held):
    Assignment.objects.update(due_at=timezone.now() - timedelta(minutes=5))
    held.task.answers_given = held.task.answers_wanted
    held.task.save()
    reply = alice.post(at("submit", held), answer_to(held))
    assert reply.status_code == 409
    assert "Next unit" in reply.content.decode()
    news = alice.post(at("submit", held), answer_to(held), **JSON).json()
    assert news["next"] == "/label/rooms/"
    assert Assignment.objects.get().draft["concept"] == "billiard table"


def test_a_broken_broker_loses_no_answer(alice, held, monkeypatch):
    def broken(*args):
        raise OSError("the broker is down")

    monkeypatch.setattr("annotate.tasks.aggregate.delay_on_commit", broken)
    assert alice.post(at("submit", held), answer_to(held)).status_code == 302
    assert Answer.objects.count() == 1


# ---- draft --------------------------------------------------------------------------------------
def test_a_draft_is_kept_and_stands_on_the_page_again(alice, held):
    sent = {"concept": "la", "category": "part", "rejected": "4,7", "version": "12"}
    reply = alice.post(at("draft", held), sent).json()
    assert (reply["version"], reply["held"]) == (12, True)
    assert 0 < reply["seconds_left"] <= 20 * 60
    page = alice.get(at("task", held)).content.decode()
    assert 'value="la"' in page
    assert re.search(r'value="part" checked', page)
    assert page.count('aria-pressed="true"') == 2
    assert 'data-version="12"' in page


def test_the_newest_draft_wins_and_the_older_device_is_told(alice, held):
    alice.post(at("draft", held), {"concept": "new", "version": "20"})
    reply = alice.post(at("draft", held), {"concept": "old", "version": "10"}).json()
    assert reply["version"] == 20
    assert reply["draft"]["concept"] == "new"


def test_the_same_draft_twice_is_one(alice, held):
    for _ in range(2):
        reply = alice.post(at("draft", held), {"concept": "lamp", "version": "5"}).json()
        assert "draft" not in reply
    assert Assignment.objects.get().draft_version == 5


def test_a_draft_extends_the_lease(alice, held):
    soon = timezone.now() + timedelta(seconds=30)
    Assignment.objects.update(due_at=soon)
    alice.post(at("draft", held), {"version": "1"})
    assert Assignment.objects.get().due_at > soon + timedelta(minutes=10)


def test_a_draft_after_the_answer_changes_nothing(alice, held):
    alice.post(at("submit", held), answer_to(held))
    reply = alice.post(at("draft", held), {"concept": "late", "version": "99"})
    assert reply.status_code == 409
    assert reply.json()["next"] == at("done", held)
    assert Answer.objects.get().concept == "billiard table"


def test_a_draft_of_a_lost_unit_is_kept_but_not_held(alice, held):
    Assignment.objects.update(due_at=timezone.now() - timedelta(minutes=5))
    held.task.answers_given = held.task.answers_wanted
    held.task.save()
    reply = alice.post(at("draft", held), {"concept": "lamp", "version": "3"})
    assert (reply.status_code, reply.json()["held"]) == (409, False)
    assert Assignment.objects.get().draft["concept"] == "lamp"


@pytest.mark.parametrize("sent", [{"rejected": "x"}, {"concept": "\x00"}, {"unseen": "1;2"}])
def test_a_draft_that_cannot_be_read_is_refused(alice, held, sent):
    assert alice.post(at("draft", held), {"version": "1"} | sent).status_code == 422


# ---- give back ----------------------------------------------------------------------------------
def test_a_unit_is_given_back_and_twice_does_no_harm(alice, held):
    for _ in range(2):
        assert alice.post(at("give_back", held))["Location"] == "/label/"
    assert Assignment.objects.get().state == "returned"
    assert "You gave this unit back" in alice.get(at("task", held)).content.decode()


def test_a_given_answer_is_not_given_back(alice, held):
    alice.post(at("submit", held), answer_to(held))
    alice.post(at("give_back", held))
    assert Assignment.objects.get().state == "submitted"


# ---- done, ahead, how-to ------------------------------------------------------------------------
def test_done_before_the_answer_leads_back_to_the_unit(alice, held):
    assert alice.get(at("done", held))["Location"] == at("task", held)


def test_a_unit_that_was_answered_leads_to_its_thanks(alice, held):
    alice.post(at("submit", held), answer_to(held))
    assert alice.get(at("task", held))["Location"] == at("done", held)


def test_ahead_names_the_pictures_of_the_next_unit_and_leases_nothing(alice, held, worker_user):
    before = Assignment.objects.count()
    named = alice.get("/label/rooms/ahead/").json()["pictures"]
    assert len(named) == 60
    assert Assignment.objects.count() == before
    alice.post(at("submit", held), answer_to(held))
    page = alice.get(alice.get("/label/rooms/")["Location"]).content.decode()
    assert all(tile in page for tile, _ in named)


def test_how_to_shows_the_guidelines_made_safe(alice, campaign):
    Campaign.objects.update(
        guidelines="# Name *things*\n\n<script>alert(1)</script>\n\n[x](javascript:a()) ![x](x)"
    )
    page = alice.get("/label/rooms/how-to/").content.decode()
    assert "<h3>Name <em>things</em></h3>" in page
    assert "alert(1)</script>" not in page
    assert 'href="javascript' not in page
    assert "<img" not in page
