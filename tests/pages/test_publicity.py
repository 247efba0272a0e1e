"""Opening an atlas to everybody: by its owner, and not while people are asked about it."""

import pytest

from annotate.models import Campaign
from annotate.services.campaigns import CannotOpen
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run(researcher):
    """A finished run of Bob's network."""
    run = factories.a_finished_run(units=2)
    run.network.created_by = researcher
    run.network.save()
    return run


def switch(client, run, public="yes"):
    """Send the switch and return whether the network is public now."""
    response = client.post(f"/networks/{run.network.slug}/public/", {"public": public})
    run.network.refresh_from_db()
    return response, run.network.public


def test_its_owner_opens_and_closes_it(client, run, researcher):
    client.force_login(researcher)
    response, public = switch(client, run)
    assert (response["Location"], public) == (f"/atlas/{run.network.slug}/", True)
    assert switch(client, run)[1] is True  # twice
    assert switch(client, run, "no")[1] is False


def test_an_admin_may_and_others_may_not(client, run, worker_user, other_researcher, admin):
    assert switch(client, run)[0]["Location"].startswith("/sign-in/")
    for person in (worker_user, other_researcher):
        client.force_login(person)
        response, public = switch(client, run)
        assert (response.status_code, public) == (403, False)
    client.force_login(admin)
    assert switch(client, run)[1] is True


def test_it_changes_by_post_only_and_only_what_exists(client, run, researcher):
    client.force_login(researcher)
    assert client.get(f"/networks/{run.network.slug}/public/").status_code == 405
    assert client.post("/networks/none/public/").status_code == 404


@pytest.mark.parametrize("state", [Campaign.State.OPEN, Campaign.State.PAUSED])
def test_not_while_people_are_asked(client, run, researcher, state):
    campaign = factories.open_small_campaign(run=run, slug="first-look")
    Campaign.objects.update(state=state)
    client.force_login(researcher)
    response, public = switch(client, run)
    assert public is False
    page = client.get(response["Location"]).content.decode()
    assert "People are still asked" in page
    assert "first-look" in page
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.CLOSED)
    assert switch(client, run)[1] is True


def test_simulated_campaigns_are_no_hindrance(client, run, researcher):
    factories.open_small_campaign(run=run, simulated=True, access="members")
    client.force_login(researcher)
    assert switch(client, run)[1] is True


def test_people_are_not_asked_about_a_public_network(client, run, researcher):
    campaign = factories.open_small_campaign(run=run, slug="first-look", user=researcher)
    client.force_login(researcher)
    client.post("/campaigns/first-look/turn/", {"to": "close"})
    assert switch(client, run)[1] is True
    run.refresh_from_db()
    with pytest.raises(CannotOpen, match="is public"):
        factories.open_small_campaign(run=run)
    page = client.post("/campaigns/first-look/turn/", {"to": "reopen"}, follow=True)
    assert b"is public, so workers could read" in page.content
    assert client.post("/api/v1/campaigns/first-look/reopen/").status_code == 400
    campaign.refresh_from_db()
    assert campaign.state == "closed"
    switch(client, run, "no")
    client.post("/campaigns/first-look/turn/", {"to": "reopen"})
    campaign.refresh_from_db()
    assert campaign.state == "open"
