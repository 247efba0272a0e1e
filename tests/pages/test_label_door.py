"""Who gets in: the list of campaigns, the next unit, and the links that open campaigns."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotate.models import Assignment, Campaign, Worker
from annotate.services.assignments import claim
from annotate.services.workers import worker_for
from annotate.views import door
from tests.annotate.factories import open_small_campaign
from tests.pages.label_pages import answer_to, at

pytestmark = pytest.mark.rows

MEMBERS = Campaign.Access.MEMBERS


# ---- /label/ -----------------------------------------------------------------------------------
def test_home_lists_the_campaigns_open_to_a_worker(alice, campaign):
    open_small_campaign(units=1, slug="paused").__class__.objects.filter(slug="paused").update(
        state="paused"
    )
    page = alice.get("/label/").content.decode()
    assert "3 units wait for you" in page
    assert reverse("annotate:label_next", args=["rooms"]) in page
    assert "paused" not in page


def test_home_sends_nobody_to_the_sign_in_page(client, db):
    reply = client.get("/label/")
    assert (reply.status_code, reply["Location"]) == (302, "/sign-in/?next=/label/")


def test_home_says_kindly_that_nothing_is_open(alice, db):
    assert "No campaign is open to you" in alice.get("/label/").content.decode()


def test_home_hides_campaigns_of_simulated_workers(alice, campaign):
    Campaign.objects.update(simulated=True)
    assert "No campaign is open to you" in alice.get("/label/").content.decode()


@pytest.mark.parametrize("name", ["label_home", "label_next", "label_ahead", "label_how"])
def test_reading_pages_take_no_other_method(alice, campaign, name):
    address = reverse(f"annotate:{name}", args=[] if name == "label_home" else ["rooms"])
    assert alice.put(address).status_code == 405
    assert alice.delete(address).status_code == 405


# ---- /label/<campaign>/ -------------------------------------------------------------------------
def test_next_leads_to_a_unit_and_twice_to_the_same(alice, campaign):
    first, second = alice.get("/label/rooms/"), alice.get("/label/rooms/")
    assert first.status_code == 302
    assert first["Location"] == second["Location"] == at("task", Assignment.objects.get())


def test_next_gives_the_page_itself_to_our_script(alice, campaign):
    address = reverse("annotate:label_next", args=["rooms"])
    held = Assignment.objects.get(pk=alice.get(address)["Location"].strip("/").split("/")[-1])
    page = alice.get(f"{address}?here")
    assert page.status_code == 200
    assert reverse("annotate:label_submit", args=["rooms", held.pk]) in page.content.decode()
    assert alice.get(f"{address}?here", headers={"Sec-Purpose": "prefetch"}).status_code == 204


def test_next_gives_nothing_to_what_fetches_ahead(alice, campaign):
    reply = alice.get("/label/rooms/", HTTP_SEC_PURPOSE="prefetch;prerender")
    assert reply.status_code == 204
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("slug", ["rooms", "no-such-campaign"])
def test_next_sends_nobody_to_the_sign_in_page_whether_the_campaign_exists_or_not(
    client, campaign, slug
):
    reply = client.get(f"/label/{slug}/")
    assert (reply.status_code, reply["Location"]) == (302, f"/sign-in/?next=/label/{slug}/")


def test_next_of_an_unknown_campaign_is_not_there(alice, db):
    assert alice.get("/label/no-such-campaign/").status_code == 404


def test_next_keeps_people_out_of_simulated_campaigns(alice, campaign):
    Campaign.objects.update(simulated=True)
    reply = alice.get("/label/rooms/")
    assert reply.status_code == 403
    assert "simulated workers only" in reply.content.decode()


@pytest.mark.parametrize(
    ("state", "words"),
    [("paused", "This campaign is paused"), ("closed", "This campaign is closed")],
)
def test_next_says_that_a_campaign_rests(alice, campaign, state, words):
    Campaign.objects.update(state=state)
    assert words in alice.get("/label/rooms/").content.decode()


def test_next_says_kindly_that_all_is_done(alice, campaign, worker_user):
    for _ in range(3):
        unit = claim(worker_for(worker_user), campaign, timezone.now())
        assert alice.post(at("submit", unit), answer_to(unit)).status_code == 302
    page = alice.get("/label/rooms/").content.decode()
    assert "You have labelled all there is for you" in page
    assert "3 units" in page


# ---- /label/<campaign>/?k=<link> ----------------------------------------------------------------
@pytest.fixture
def linked(db):
    """A campaign that anyone with its link may work in."""
    return open_small_campaign(units=3, slug="open", access=Campaign.Access.LINK)


def test_a_link_welcomes_a_newcomer_and_makes_no_row_yet(client, linked):
    reply = client.get(f"/label/open/?k={linked.link_token}")
    assert "Start labelling" in reply.content.decode()
    assert not Worker.objects.exists()
    assert not Assignment.objects.exists()


def test_a_newcomer_who_starts_is_remembered_by_a_sealed_cookie(client, linked):
    reply = client.post("/label/open/", {"k": linked.link_token})
    cookie = reply.cookies[door.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/label/")
    assert not cookie["secure"]
    assert client.get("/label/open/")["Location"] == at("task", Assignment.objects.get())
    assert client.get("/label/").status_code == 200
    assert Worker.objects.get().user is None


def test_the_cookie_is_secure_behind_https(client, linked, settings):
    settings.BEHIND_HTTPS = True
    reply = client.post("/label/open/", {"k": linked.link_token})
    assert reply.cookies[door.COOKIE]["secure"]


def test_starting_twice_makes_one_worker(client, linked):
    for _ in range(2):
        client.post("/label/open/", {"k": linked.link_token})
    assert Worker.objects.count() == 1
    assert client.get(f"/label/open/?k={linked.link_token}").status_code == 302


@pytest.mark.parametrize("token", ["wrong", "x" * 32, "ü", "0"])
def test_a_wrong_link_is_refused_in_a_sentence(client, linked, token):
    for reply in (
        client.get("/label/open/", {"k": token}),
        client.post("/label/open/", {"k": token}),
    ):
        assert reply.status_code == 403
        assert "This link does not open the campaign" in reply.content.decode()
    assert not Worker.objects.exists()


def test_the_link_of_a_campaign_for_members_opens_nothing(client, campaign):
    assert client.get(f"/label/rooms/?k={campaign.link_token}").status_code == 403


def test_the_link_of_one_campaign_opens_no_other(client, linked):
    other = open_small_campaign(units=1, slug="other", access=Campaign.Access.LINK)
    client.post("/label/open/", {"k": linked.link_token})
    assert client.get("/label/other/").status_code == 403
    client.get(f"/label/other/?k={other.link_token}")
    assert client.get("/label/other/").status_code == 302
    assert client.get("/label/open/").status_code == 302


def test_a_new_link_shuts_out_the_old_one(client, linked):
    client.post("/label/open/", {"k": linked.link_token})
    Campaign.objects.update(link_token="another")
    assert client.get("/label/open/").status_code == 403


@pytest.mark.parametrize("forged", ["{}", '{"secret": 1}', "x:y:z", "[]"])
def test_a_forged_cookie_is_nobody(client, linked, forged):
    client.cookies[door.COOKIE] = forged
    assert client.get("/label/").status_code == 302
    assert client.get("/label/open/").status_code == 403


def test_a_signed_in_worker_needs_no_link(alice, linked):
    assert alice.get("/label/open/?k=wrong").status_code == 302
    assert Worker.objects.get().user.username == "alice"


# ---- What it is for ----------------------------------------------------------------------------
def test_home_and_welcome_say_what_a_campaign_pays_or_is_for(alice, campaign, linked):
    assert "Unpaid. Your answers name units of" in alice.get("/label/").content.decode()
    Campaign.objects.update(purpose="Pays <b>0.10</b> a unit.")
    assert "Pays &lt;b&gt;0.10&lt;/b&gt; a unit." in alice.get("/label/").content.decode()
    newcomer = alice.__class__()
    page = newcomer.get(f"/label/open/?k={linked.link_token}").content.decode()
    assert "0.10" in page
