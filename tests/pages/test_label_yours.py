"""A worker's own pages: works, nobody, stranger, wrong method, bad input, twice."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from annotate.models import Answer, Assignment, Campaign, Worker
from annotate.services.assignments import claim
from annotate.services.workers import worker_for
from annotate.views import door
from tests.annotate.factories import open_small_campaign
from tests.pages.label_pages import answer_to, at

pytestmark = pytest.mark.rows

OWN = ["/label/you/answers/", "/label/you/answers.csv", "/label/you/answers.json"]
LEAVE = "/label/you/leave/"


@pytest.fixture
def answered(alice, held):
    """Alice's answer."""
    alice.post(at("submit", held), answer_to(held))
    return Answer.objects.get()


# ---- History and data ---------------------------------------------------------------------------
def test_ones_own_answers_stand_with_their_use(alice, answered, campaign):
    page = alice.get(OWN[0]).content.decode()
    assert "billiard table" in page
    assert "Kept with the others" in page
    Campaign.objects.update(state="closed")
    assert "The unit has no label" in alice.get(OWN[0]).content.decode()


def test_home_says_what_one_did(alice, answered):
    page = alice.get("/label/").content.decode()
    assert "labelled in 1 campaign" in page
    assert OWN[0] in page


def test_ones_own_data_comes_as_a_file(alice, answered, worker_user):
    told = alice.get(OWN[2]).json()
    assert told["account"] == "alice"
    assert told["answers"][0]["concept"] == "billiard table"
    reply = alice.get(OWN[1])
    assert "attachment" in reply["Content-Disposition"]
    (line,) = csv.DictReader(io.StringIO(reply.getvalue().decode()))
    assert (line["concept"], line["campaign"], line["images_shown"]) == (
        "billiard table",
        "rooms",
        "60",
    )


def test_a_formula_is_harmless_in_the_file(alice, answered):
    Answer.objects.update(concept="=1+1")
    assert "'=1+1" in alice.get(OWN[1]).getvalue().decode()


@pytest.mark.parametrize("address", [*OWN, LEAVE])
def test_nobody_is_sent_to_sign_in_and_strangers_see_their_own(answered, address):
    stranger = Client()
    assert stranger.get(address)["Location"] == f"/sign-in/?next={address}"
    stranger.force_login(User.objects.create_user("eve"))
    reply = stranger.get(address)
    body = reply.getvalue() if reply.streaming else reply.content
    assert b"billiard table" not in body


@pytest.mark.parametrize("address", OWN)
def test_reading_takes_no_other_method(alice, answered, address):
    assert alice.post(address).status_code == 405


@pytest.mark.parametrize("page", ["0", "-1", "x", "99"])
def test_an_odd_page_number_is_the_nearest_page(alice, answered, page):
    assert alice.get(OWN[0], {"page": page}).status_code == 200


# ---- Being forgotten ----------------------------------------------------------------------------
def test_nothing_goes_before_one_is_sure(alice, answered):
    assert "cannot be undone" in alice.get(LEAVE).content.decode()
    reply = alice.post(LEAVE)
    assert reply.status_code == 422
    assert "Nothing was deleted" in reply.content.decode()
    assert User.objects.filter(username="alice").exists()


def test_a_worker_is_forgotten_and_signed_out(alice, answered):
    reply = alice.post(LEAVE, {"sure": "yes"}, follow=True)
    assert "You are forgotten here" in reply.content.decode()
    assert not User.objects.filter(username="alice").exists()
    assert Answer.objects.count() == 1
    assert alice.get("/label/")["Location"] == "/sign-in/?next=/label/"
    assert alice.post(LEAVE, {"sure": "yes"})["Location"].startswith("/sign-in/")


def test_a_researcher_keeps_the_account(client, researcher, campaign):
    client.force_login(researcher)
    claim(worker_for(researcher), campaign, timezone.now())
    former = Worker.objects.get().pseudonym
    reply = client.post(LEAVE, {"sure": "yes"}, follow=True)
    assert reply.status_code == 200
    assert User.objects.filter(username="bob").exists()
    assert worker_for(researcher).pseudonym != former


def test_a_worker_by_link_is_forgotten_with_his_cookie(client, db):
    linked = open_small_campaign(units=1, slug="open", access=Campaign.Access.LINK)
    client.post("/label/open/", {"k": linked.link_token})
    client.post(LEAVE, {"sure": "yes"})
    assert not client.cookies[door.COOKIE].value
    assert Worker.objects.get().digest is None
    assert client.get("/label/").status_code == 302


def test_leaving_needs_the_csrf_token(answered, worker_user):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(worker_user)
    assert strict.post(LEAVE, {"sure": "yes"}).status_code == 403


# ---- Rest ---------------------------------------------------------------------------------------
def test_after_a_long_stretch_the_next_unit_waits_and_the_one_held_does_not(
    alice, answered, campaign, worker_user, settings
):
    settings.SESSION_MINUTES, settings.REST_MINUTES = 1, 5
    held = claim(worker_for(worker_user), campaign, timezone.now())
    alice.post(at("submit", held), answer_to(held))
    Answer.objects.filter(pk=answered.pk).update(created_at=timezone.now() - timedelta(minutes=2))
    reply = alice.get("/label/rooms/")
    assert reply.status_code == 200
    assert "Time to rest your eyes" in reply.content.decode()
    assert Assignment.objects.filter(state="held").count() == 0
    held = claim(worker_for(worker_user), campaign, timezone.now())
    assert alice.get("/label/rooms/")["Location"] == at("task", held)
