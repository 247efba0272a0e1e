"""`campaigns/{slug}/` and its pause, close and reopen: by whoever opened it, or an admin."""

import pytest

from annotate.models import Campaign
from tests.annotate import factories
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/campaigns/first/"
ACTIONS = {"pause": "paused", "close": "closed", "reopen": "open"}


@pytest.fixture
def campaign(researcher):
    """An open campaign of Bob's."""
    run = factories.a_finished_run(units=1)
    return factories.open_small_campaign(run=run, slug="first", user=researcher)


def test_a_researcher_reads_a_campaign(charlie, campaign):
    body = charlie.get(ADDRESS).json()
    assert (body["slug"], body["tasks"], body["answers_given"]) == ("first", 1, 0)
    assert campaign.link_token not in str(body)


def test_nobody_and_workers_see_nothing(nobody, alice, campaign):
    refused(nobody.get(ADDRESS), 401, "not_authenticated")
    refused(alice.get(ADDRESS), 403, "permission_denied")


def test_it_knows_get_only_and_its_actions_post_only(bob, campaign):
    knows_only(bob, ADDRESS, "get")
    for action in ACTIONS:
        knows_only(bob, f"{ADDRESS}{action}/", "post")


@pytest.mark.parametrize("who", ["bob", "dora"])
def test_whoever_opened_it_or_an_admin_turns_it(who, request, campaign):
    client = request.getfixturevalue(who)
    for action in ("pause", "reopen", "close", "reopen"):
        response = client.post(f"{ADDRESS}{action}/")
        assert (response.status_code, response.json()["state"]) == (200, ACTIONS[action])


@pytest.mark.parametrize("action", ["pause", "close"])
def test_nobody_and_strangers_may_not(nobody, alice, charlie, campaign, action):
    address = f"{ADDRESS}{action}/"
    refused(nobody.post(address), 401, "not_authenticated")
    refused(alice.post(address), 403, "permission_denied")
    refused(charlie.post(address), 403, "permission_denied")
    assert Campaign.objects.get().state == "open"


@pytest.mark.parametrize("action", ACTIONS)
def test_twice_is_once(bob, campaign, action):
    for _ in range(2):
        assert bob.post(f"{ADDRESS}{action}/").json()["state"] == ACTIONS[action]


def test_a_closed_campaign_cannot_be_paused(bob, campaign):
    bob.post(f"{ADDRESS}close/")
    message = refused(bob.post(f"{ADDRESS}pause/"), 409, "conflict")
    assert message == "The campaign is closed and cannot become paused."


@pytest.mark.parametrize("end", ["", *(f"{action}/" for action in ACTIONS)])
def test_a_campaign_that_does_not_exist_is_not_found(bob, end):
    response = (bob.post if end else bob.get)(f"/api/v1/campaigns/none/{end}")
    refused(response, 404, "not_found")


def test_a_parameter_is_refused(bob, campaign):
    refused(bob.get(ADDRESS, {"tasks": "all"}), 400, "invalid", tasks="it takes: none")


def test_the_campaign_is_read_in_few_queries(bob, campaign, django_assert_num_queries):
    bob.get(ADDRESS)
    with django_assert_num_queries(3):  # token, role, campaign with its counts
        bob.get(ADDRESS)
