"""Who calls: by token, or by session with a CSRF token; and how errors of it look."""

import pytest
from rest_framework.test import APIClient

from analysis.services import tokens
from tests.api import rows
from tests.api.asking import refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

RUNS = "/api/v1/runs/"


def with_header(value):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=value)
    return client


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_is_taken_whatever_the_case_of_its_scheme(researcher, scheme):
    _, plain = tokens.make(researcher, "notebook")
    assert results(with_header(f"{scheme} {plain}").get(RUNS)) == []


@pytest.mark.parametrize("plain", ["", "us_wrong", "us_\xff", "x y", "us_" + "a" * 10_000])
def test_a_wrong_token_is_refused_even_where_none_is_needed(db, plain):
    response = with_header(f"Bearer {plain}").get("/api/v1/networks/")
    message = refused(response, 401, "authentication_failed")
    assert message.startswith("This token is not valid")
    assert response["WWW-Authenticate"] == 'Bearer realm="unitscope"'


def test_a_revoked_token_is_refused(researcher):
    row, plain = tokens.make(researcher, "notebook")
    tokens.revoke(row)
    refused(with_header(f"Bearer {plain}").get(RUNS), 401, "authentication_failed")


def test_a_closed_account_is_refused(researcher):
    _, plain = tokens.make(researcher, "notebook")
    researcher.is_active = False
    researcher.save()
    refused(with_header(f"Bearer {plain}").get(RUNS), 401, "authentication_failed")


def test_another_scheme_is_left_to_the_proxy_it_is_meant_for(db):
    refused(with_header("Basic Ym9iOmJvYg==").get(RUNS), 401, "not_authenticated")
    assert with_header("Basic Ym9iOmJvYg==").get("/api/v1/networks/").status_code == 200


def test_a_session_reads_without_and_writes_with_a_csrf_token(researcher):
    client = APIClient(enforce_csrf_checks=True)
    client.login(username="bob", password="bob-password")
    assert client.get(RUNS).status_code == 200
    message = refused(client.post(RUNS, {}), 403, "permission_denied")
    assert "CSRF" in message
    client.get("/account/")
    csrf = client.cookies["csrftoken"].value
    refused(
        client.post(RUNS, {}, headers={"X-CSRFToken": csrf}),
        400,
        "invalid",
        network="required",
        image_set="required",
    )


def test_a_token_needs_no_csrf_token(researcher):
    _, plain = tokens.make(researcher, "notebook")
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    assert client.post(RUNS, {}).status_code == 400


def test_the_token_counts_rather_than_the_session(researcher, worker_user):
    _, plain = tokens.make(worker_user, "notebook")
    client = APIClient()
    client.force_login(researcher)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    refused(client.get(RUNS), 403, "permission_denied")


def test_a_token_in_the_address_is_no_token(researcher):
    _, plain = tokens.make(researcher, "notebook")
    refused(APIClient().get(f"{RUNS}?token={plain}"), 401, "not_authenticated")


def test_who_lost_the_role_lost_its_rights_with_the_next_call(researcher, bob):
    assert bob.get(RUNS).status_code == 200
    researcher.groups.clear()
    refused(bob.get(RUNS), 403, "permission_denied")


def test_cors_lets_no_foreign_page_read(bob):
    rows.network(public=True)
    response = bob.get("/api/v1/networks/", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in response
