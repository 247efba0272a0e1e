"""The sign-in page: safe way back, no telling of names, slow guessing, a fresh session."""

import pytest
from django.contrib.auth.models import User

from analysis.models import SignInAttempts

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
BAD = {"username": "alice", "password": "wrong-password"}
GOOD = {"username": "alice", "password": "alice-password"}


def test_it_signs_in_and_goes_where_one_was_going(client, worker_user):
    page = client.get("/sign-in/?next=/label/")
    assert page.status_code == 200
    assert b'name="next" value="/label/"' in page.content
    response = client.post("/sign-in/", GOOD | {"next": "/account/?a=1"})
    assert (response.status_code, response["Location"]) == (302, "/account/?a=1")
    assert client.session["_auth_user_id"] == str(worker_user.pk)
    assert client.get("/sign-in/?next=/account/")["Location"] == "/account/"


@pytest.mark.parametrize(
    "away",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://testserver.evil.example/",
        "http://testserver@evil.example/",
        "/\t/evil.example",
        " //evil.example",
        "",
    ],
)
def test_next_cannot_leave_the_site(client, worker_user, away):
    assert client.post("/sign-in/", GOOD | {"next": away})["Location"] == "/"
    assert client.get("/sign-in/", {"next": away})["Location"] == "/"  # signed in already
    client.logout()
    assert b'name="next" value="/"' in client.get("/sign-in/", {"next": away}).content
    assert client.get("/admin/login/", {"next": away})["Location"] == "/sign-in/?next=/"


def test_a_wrong_password_and_an_unknown_name_look_alike(client, worker_user):
    User.objects.create_user("closed", password="closed-password", is_active=False)

    def answer(name, password):
        response = client.post("/sign-in/", {"username": name, "password": password})
        text = response.content.decode().replace(name, "NAME")
        token = response.context["csrf_token"]
        return response.status_code, text.replace(str(token), "TOKEN")

    wrong = answer("alice", "x-password")
    assert wrong[0] == 422
    assert "do not belong together" in wrong[1]
    assert answer("nobody", "x-password") == wrong
    assert answer("closed", "closed-password") == wrong


def test_guessing_is_slowed_even_for_the_right_password(client, worker_user):
    for _ in range(5):
        assert client.post("/sign-in/", BAD).status_code == 422
    for given in (BAD, GOOD):
        response = client.post("/sign-in/", given)
        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 15
        assert b"Too many attempts" in response.content
    assert "_auth_user_id" not in client.session
    unknown = {"username": "nobody", "password": "x"}
    assert [client.post("/sign-in/", unknown).status_code for _ in range(6)] == [422] * 5 + [429]


def test_success_clears_the_count(client, worker_user):
    for _ in range(4):
        client.post("/sign-in/", BAD)
    client.post("/sign-in/", GOOD)
    client.post("/sign-out/")
    assert [client.post("/sign-in/", BAD).status_code for _ in range(5)] == [422] * 5


def test_a_forged_address_is_not_believed_without_our_proxy(client, worker_user, settings):
    for number in range(5):
        client.post("/sign-in/", BAD, headers={"X-Forwarded-For": f"10.0.0.{number}"})
    assert client.post("/sign-in/", BAD).status_code == 429
    SignInAttempts.objects.all().delete()
    # Then the last address is the one that our proxy added.
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    for number in range(5):
        headers = {"X-Forwarded-For": f"10.0.0.{number}, 10.1.1.1"}
        client.post("/sign-in/", BAD, headers=headers)
    again = {"X-Forwarded-For": "10.0.0.9, 10.1.1.1"}
    assert client.post("/sign-in/", BAD, headers=again).status_code == 429
    other = {"X-Forwarded-For": "10.1.1.1, 10.1.1.2"}
    assert client.post("/sign-in/", BAD, headers=other).status_code == 422


def test_a_session_planted_before_sign_in_is_not_kept(client, worker_user):
    session = client.session
    session["planted"] = True
    session.save()
    before = client.cookies["sessionid"].value
    client.post("/sign-in/", GOOD)
    after = client.cookies["sessionid"]
    assert after.value != before
    assert after["httponly"]
    assert after["samesite"] == "Lax"


def test_signing_out_takes_a_post_and_ends_the_session(client, worker_user):
    client.force_login(worker_user)
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/account/").status_code == 200
    assert client.post("/sign-out/", {"next": "//evil.example"})["Location"] == "/"
    assert client.get("/account/")["Location"] == "/sign-in/?next=/account/"
    assert client.post("/sign-out/").status_code == 302


def test_a_form_without_its_secret_is_refused_kindly(client_with_csrf, worker_user):
    response = client_with_csrf.post("/sign-in/", GOOD)
    assert response.status_code == 403
    assert b"Send it again" in response.content
    assert "_auth_user_id" not in client_with_csrf.session


@pytest.fixture
def client_with_csrf():
    from django.test import Client

    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client, method):
    assert getattr(client, method)("/sign-in/").status_code == 405


@pytest.mark.parametrize(
    "given", [{}, {"username": "alice"}, {"username": "a\x00b", "password": "x"}]
)
def test_bad_input_is_a_sentence(client, worker_user, given):
    assert client.post("/sign-in/", given).status_code == 422


def test_a_name_is_shown_as_text(client):
    response = client.post("/sign-in/", {"username": '"><script>x</script>', "password": "y"})
    assert b"<script>x" not in response.content


def test_the_admin_site_signs_in_on_the_same_page(client, worker_user, researcher, admin):
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/sign-in/?next=/admin/"
    assert client.post("/admin/login/", GOOD).status_code == 405
    client.force_login(worker_user)
    assert client.get("/admin/login/?next=/admin/").status_code == 403
    client.force_login(admin)
    assert client.get("/admin/").status_code == 200
