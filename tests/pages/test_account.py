"""The account page: role, password, and tokens that are shown once and are one's own."""

import pytest

from analysis.models import ApiToken
from analysis.services import tokens

pytestmark = pytest.mark.rows


def test_it_says_who_one_is(client, researcher):
    client.force_login(researcher)
    page = client.get("/account/").content.decode()
    assert "Researcher" in page
    assert "You have no tokens yet" in page


def test_who_makes_a_token_is_led_to_what_it_is_for(client, worker_user):
    client.force_login(worker_user)
    page = client.get("/account/").content.decode()
    assert '<a href="/api/v1/docs/">API documentation</a>' in page
    assert client.get("/api/v1/docs/").status_code == 200


@pytest.mark.parametrize("address", ["/account/", "/account/password/"])
def test_nobody_is_asked_to_sign_in(client, db, address):
    assert client.get(address)["Location"] == f"/sign-in/?next={address}"


def test_a_token_is_shown_once_and_works(client, worker_user):
    client.force_login(worker_user)
    made = client.post("/account/tokens/", {"name": "<b>notebook</b>"})
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    plain = made.context["plain"]
    assert plain in made.content.decode()
    assert tokens.user_of(plain) == worker_user
    again = client.get("/account/").content.decode()
    assert plain not in again
    assert plain[:8] in again
    assert "<b>notebook" not in again


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, None])
def test_a_bad_name_is_refused_beside_the_field(client, worker_user, name):
    client.force_login(worker_user)
    response = client.post("/account/tokens/", {} if name is None else {"name": name})
    assert response.status_code == 422
    assert b'id="name-error"' in response.content
    assert not ApiToken.objects.exists()


def test_the_same_name_twice_is_refused(client, worker_user):
    client.force_login(worker_user)
    client.post("/account/tokens/", {"name": "notebook"})
    response = client.post("/account/tokens/", {"name": "notebook"})
    assert response.status_code == 422
    assert b"already have a token" in response.content
    assert ApiToken.objects.count() == 1


def test_a_token_is_revoked_by_its_owner_only(client, worker_user, admin):
    token, plain = tokens.make(worker_user, "notebook")
    address = f"/account/tokens/{token.pk}/revoke/"
    assert client.post(address)["Location"].startswith("/sign-in/")
    client.force_login(admin)
    assert client.post(address).status_code == 404
    client.force_login(worker_user)
    assert client.get(address).status_code == 405
    assert tokens.user_of(plain)
    assert client.post(address)["Location"] == "/account/"
    assert tokens.user_of(plain) is None
    assert client.post(address).status_code == 404  # twice


def test_changing_the_password_keeps_this_session_and_ends_the_others(client, worker_user):
    from django.test import Client

    elsewhere = Client()
    elsewhere.force_login(worker_user)
    client.force_login(worker_user)
    new = "a phrase to remember"
    given = {"old_password": "alice-password", "new_password1": new, "new_password2": new}
    assert client.post("/account/password/", given)["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    worker_user.refresh_from_db()
    assert worker_user.check_password(new)


def test_the_old_password_must_be_right_and_the_new_one_strong(client, worker_user):
    client.force_login(worker_user)
    given = {"old_password": "wrong", "new_password1": "123", "new_password2": "123"}
    response = client.post("/account/password/", given)
    assert response.status_code == 422
    assert {"old_password", "new_password2"} <= set(response.context["form"].errors)
    worker_user.refresh_from_db()
    assert worker_user.check_password("alice-password")
