"""What was tried against a running installation, and answered wrongly the first time."""

import pytest
from django.test import Client

from analysis.services import tokens
from annotate.services.workers import worker_for
from tests.annotate.factories import a_finished_run, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.mark.parametrize("word", ["foo", "login", "account", "0", "a\0b", "é", "["])
def test_a_next_that_is_no_path_leads_home(client, worker_user, word):
    """Such a word was looked up as the name of an address, and failed."""
    client.force_login(worker_user)
    answer = client.get("/sign-in/", {"next": word})
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize("page", ["http://[", "http://[::1", "\\", "//evil.example//x"])
def test_a_broken_header_of_a_fragment_is_no_error(client, page):
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    for address in ("/", "/runs/new/", "/account/"):
        answer = client.get(address, headers=headers)
        assert answer.status_code == 401
        assert answer["HX-Redirect"].startswith("/sign-in/")


def test_null_characters_reach_no_query(client, researcher):
    """PostgreSQL fails on one; SQLite only finds nothing."""
    client.force_login(researcher)
    run = a_finished_run(units=2)
    atlas = f"/atlas/{run.network.slug}"
    for address in (f"{atlas}/%00/", f"{atlas}/conv%001/0/", "/campaigns/new/?run=%00"):
        assert client.get(address).status_code == 404, address
    for address in ("/runs/new/?network=a%00b", "/runs/new/?image_set=%00", "/atlas/?x=%00"):
        assert client.get(address).status_code == 200, address
    assert client.post("/runs/new/", {"network": "a\0b", "image_set": "\0"}).status_code == 422
    made = client.post("/account/tokens/", {"name": "note\0book"})
    assert made.status_code == 422
    assert not tokens.ApiToken.objects.exists()


def test_a_cookie_with_null_characters_is_nobodys():
    client = Client()
    client.cookies["sessionid"] = "\0\0\0\0aaaaaaaa"
    assert client.get("/").status_code == 200
    assert client.get("/account/")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("address", ["?state=%00", "?%00=1", "%00/change/"])
def test_null_characters_in_the_admin_site_are_a_bad_request(client, admin, address):
    client.force_login(admin)
    answer = client.get(f"/admin/analysis/network/{address}")
    assert answer.status_code == 400
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_a_few_digits_are_no_key_of_a_run(client, researcher):
    client.force_login(researcher)
    runs = [a_finished_run(units=1, key=f"abcdef{last}" + "0" * 57) for last in "12"]
    assert client.get("/campaigns/new/?run=a").status_code == 404
    assert client.get("/campaigns/new/?run=abcdef").status_code == 404
    assert client.get(f"/campaigns/new/?run={runs[0].short_key}").status_code == 200


def test_staff_cannot_look_up_whose_pseudonym_it_is(client, researcher, worker_user):
    researcher.is_staff = True
    researcher.save()
    client.force_login(researcher)
    alice = worker_for(worker_user)
    for lookup in ("user", "user__id__exact", "user__username", "digest__startswith"):
        answer = client.get(f"/admin/annotate/worker/?{lookup}={worker_user.pk}")
        assert answer.status_code == 400, lookup
        assert alice.pseudonym not in answer.content.decode()
    seen = client.get("/admin/annotate/worker/?kind__exact=person")
    assert seen.status_code == 200
    assert alice.pseudonym in seen.content.decode()


def test_the_admin_site_opens_no_atlas_while_people_are_asked(client, admin):
    """Only the atlas's own switch looks whether a campaign is open."""
    client.force_login(admin)
    network = open_small_campaign(units=2).run.network
    address = f"/admin/analysis/network/{network.pk}/change/"
    assert client.get(address).status_code == 200
    empty = {f"layers-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    client.post(address, {"note": "new", "public": "on", **empty})
    network.refresh_from_db()
    assert (network.note, network.public) == ("new", False)


def test_guessers_everywhere_do_not_keep_somebody_out_of_his_own_device(client, worker_user):
    """All over the world and in her own room: her browser is counted by itself."""
    good = {"username": "alice", "password": "alice-password"}
    assert client.post("/sign-in/", good).status_code == 302
    client.post("/sign-out/")
    stranger = Client()
    for number in range(60):
        address = "127.0.0.1" if number % 2 else f"192.0.2.{number}"
        bad = {"username": "alice", "password": f"wrong-{number}"}
        stranger.post("/sign-in/", bad, REMOTE_ADDR=address)
    assert stranger.post("/sign-in/", good).status_code == 429
    assert client.post("/sign-in/", good).status_code == 302


def test_the_cookie_of_a_device_is_for_its_name_and_counts_too(client, worker_user, researcher):
    """It opens nothing: who has stolen one must still guess, as slowly as anybody."""
    client.post("/sign-in/", {"username": "alice", "password": "alice-password"})
    cookie = client.cookies["unitscope_device"]
    assert cookie["httponly"]
    assert cookie["path"] == "/sign-in/"
    assert "alice" not in cookie.value
    client.post("/sign-out/")
    for number in range(6):
        client.post("/sign-in/", {"username": "alice", "password": f"wrong-{number}"})
    assert client.post("/sign-in/", {"username": "alice", "password": "x"}).status_code == 429
    for number in range(6):  # for another name the device is unknown
        client.post("/sign-in/", {"username": "bob", "password": f"wrong-{number}"})
    assert Client().post("/sign-in/", {"username": "bob", "password": "x"}).status_code == 429
