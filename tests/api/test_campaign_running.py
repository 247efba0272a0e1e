"""`campaigns/{slug}/live/`, `…/extend/`, `…/clone/`."""

import pytest
from django.utils import timezone

from annotate.api.examples import LIVE
from annotate.models import Campaign
from annotate.services.assignments import claim
from annotate.services.submission import submit
from tests.annotate import factories
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/campaigns/first/"


@pytest.fixture
def campaign(researcher):
    """Bob's campaign of two units, one of which has an answer."""
    run = factories.a_finished_run(units=2, layers=2)
    made = factories.open_small_campaign(
        run=run, slug="first", user=researcher, layers=["conv1"], answers=1
    )
    lease = claim(factories.a_worker(), made, timezone.now())
    submit(lease, factories.a_given(lease), timezone.now())
    return made


def test_the_live_numbers_are_read_by_researchers(charlie, campaign):
    body = charlie.get(f"{ADDRESS}live/").json()
    assert body.keys() == LIVE.value.keys()
    assert (body["campaign"], body["units"], body["done"]) == ("first", 2, 1)
    assert (body["answers_given"], body["answers_wanted"]) == (1, 2)
    assert body["seconds"] == {"low": 30.0, "middle": 30.0, "high": 30.0, "n": 1}
    assert [hour["answers"] for hour in body["hours"]] == [1]
    assert [worker["answers"] for worker in body["workers"]] == [1]


def test_it_may_be_untouched(bob, campaign):
    factories.open_small_campaign(run=campaign.run, slug="empty")
    body = bob.get("/api/v1/campaigns/empty/live/").json()
    assert (body["seconds"], body["to_come"], body["ends_at"]) == (None, None, None)


def test_a_campaign_is_extended_once(bob, charlie, campaign):
    body = {"answers": 2, "units": ["conv2/0"]}
    for _ in range(2):
        answer = bob.post(f"{ADDRESS}extend/", body)
        assert (answer.status_code, answer.json()["tasks"]) == (200, 3)
        assert answer.json()["answers_wanted"] == 6
    refused(charlie.post(f"{ADDRESS}extend/", body), 403, "permission_denied")
    refused(bob.post(f"{ADDRESS}extend/", {"answers": 1}), 400, "invalid")
    refused(bob.post(f"{ADDRESS}extend/", {"answer": 3}), 400, "invalid", answer="no such field")
    refused(bob.post(f"{ADDRESS}extend/", {"layers": ["conv9"]}), 400, "invalid")


def test_a_clone_is_made_once(charlie, campaign):
    answer = charlie.post(f"{ADDRESS}clone/", {"slug": "second"})
    assert answer.status_code == 201
    told = answer.json()
    assert (told["slug"], told["state"], told["created_by"]) == ("second", "paused", "charlie")
    refused(charlie.post(f"{ADDRESS}clone/", {"slug": "second"}), 409, "conflict")
    refused(charlie.post(f"{ADDRESS}clone/", {"slug": "new"}), 400, "invalid")
    for word in (0, 1, "yes", None):  # the schema says true or false
        answer = charlie.post(f"{ADDRESS}clone/", {"slug": "third", "lessons": word})
        assert "lessons" in answer.json()["error"]["fields"], word
    refused(charlie.post(f"{ADDRESS}clone/", {}), 400, "invalid", slug="required")
    assert Campaign.objects.count() == 2


def test_nobody_and_workers_may_not_and_methods_are_known(nobody, alice, bob, campaign):
    refused(nobody.get(f"{ADDRESS}live/"), 401, "not_authenticated")
    refused(alice.get(f"{ADDRESS}live/"), 403, "permission_denied")
    refused(alice.post(f"{ADDRESS}clone/", {"slug": "x"}), 403, "permission_denied")
    knows_only(bob, f"{ADDRESS}live/", "get")
    knows_only(bob, f"{ADDRESS}extend/", "post")
    knows_only(bob, f"{ADDRESS}clone/", "post")


def test_published_answers_have_a_campaign_without_a_run(bob, campaign):
    Campaign.objects.update(published=True, state="closed", run=None)
    body = bob.get(ADDRESS).json()
    assert (body["published"], body["run"], body["image_set"]) == (True, None, None)
    assert body["network"] == campaign.network.slug
    assert bob.get(f"{ADDRESS}live/").json()["alarms"] == []
    refused(bob.post(f"{ADDRESS}reopen/"), 400, "invalid")
    refused(bob.post(f"{ADDRESS}clone/", {"slug": "x"}), 400, "invalid")
