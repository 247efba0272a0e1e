"""The admin site works for every model there is, and nobody raises himself by it."""

import pytest
from django.contrib import admin as site
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analysis.models import LogLine, Shard, SignInAttempts
from analysis.services import semantics, tokens
from analysis.services.semantics import UnitLabel
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate import factories
from tests.conftest import researchers

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def staff(researcher):
    """Bob, staff with every right that can be given short of being superuser."""
    researcher.is_staff = True
    researcher.save()
    researcher.user_permissions.set(Permission.objects.all())
    return researcher


@pytest.fixture
def everything(admin, worker_user):
    """A row of every model."""
    campaign = factories.open_small_campaign(units=2, user=admin)
    assignment = claim(factories.a_worker(), campaign, timezone.now())
    submit(assignment, factories.a_given(assignment), timezone.now())
    publish(campaign)
    job = campaign.run.jobs.first()
    Shard.objects.create(job=job, number=0, first=0, last=10)
    LogLine.objects.create(run=campaign.run, text="begun")
    tokens.make(worker_user, "notebook")
    now = timezone.now()
    SignInAttempts.objects.create(key="a" * 64, count=1, last_at=now, blocked_until=now)
    unit = campaign.run.layers.get().units.first()
    label = UnitLabel(concept="bed", category="object", precision=0.5)
    semantics.record(unit=unit, source="machine", origin="test", run=None, label=label)
    Group.objects.get_or_create(name="researcher")
    return campaign


def addresses(model, row):
    """Return the admin pages of a model."""
    at = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    pages = [
        reverse(f"{at}_changelist"),
        reverse(f"{at}_changelist") + "?q=a",
        reverse(f"{at}_add"),
    ]
    if row is not None:
        pages += [
            reverse(f"{at}_{page}", args=[row.pk]) for page in ("change", "history", "delete")
        ]
    return pages


def test_every_page_of_every_model_works_for_an_admin(client, admin, everything):
    client.force_login(admin)
    assert b"Unitscope" in client.get("/admin/").content
    for model in site.site._registry:
        for address in addresses(model, model.objects.first()):
            # 403 where adding or changing makes no sense, 302 to a page of ours; never an error.
            assert client.get(address).status_code in {200, 302, 403}, address
        assert client.get(addresses(model, None)[0]).status_code == 200


def test_staff_researchers_look_at_every_list_but_secrets(client, researcher, everything):
    researcher.is_staff = True
    researcher.save()
    client.force_login(researcher)
    seen = {}
    for model in site.site._registry:
        seen[model.__name__] = client.get(addresses(model, None)[0]).status_code
    assert seen["ApiToken"] == seen["SignInAttempts"] == 403
    assert seen["User"] == seen["Campaign"] == 200


def test_staff_cannot_raise_itself(client, staff, worker_user):
    client.force_login(staff)
    given = {"username": "bob", "is_superuser": "on", "is_staff": "on", "is_active": "on"}
    own = f"/admin/auth/user/{staff.pk}"
    assert client.get(f"{own}/change/").status_code == 200  # to look at
    assert client.post(f"{own}/change/", given).status_code == 403
    assert client.post(f"{own}/password/", {"password1": "x", "password2": "x"}).status_code == 403
    assert client.post("/admin/auth/user/add/", {"username": "eve"}).status_code == 403
    assert client.post(f"/admin/auth/user/{worker_user.pk}/delete/").status_code == 403
    group = researchers()
    assert client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "x"}).status_code == 403
    assert client.post("/admin/auth/group/add/", {"name": "x"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [worker_user.pk], "post": "yes"}
    client.post("/admin/auth/user/", action)
    staff.refresh_from_db()
    assert not staff.is_superuser
    assert User.objects.filter(pk=worker_user.pk).exists()


def test_staff_sees_no_hash_and_cannot_filter_by_one(client, staff, everything):
    client.force_login(staff)
    page = client.get(f"/admin/auth/user/{staff.pk}/change/").content.decode()
    assert "pbkdf2" not in page
    assert "user_permissions" not in page
    for address in (
        "/admin/auth/user/?password__startswith=p",
        "/admin/analysis/network/?created_by__password__startswith=p",
        "/admin/annotate/campaign/?created_by__password__startswith=p",
    ):
        assert client.get(address).status_code in {400, 403, 404}, address


def test_an_admin_makes_people_and_revokes_tokens(client, admin, worker_user):
    client.force_login(admin)
    token, plain = tokens.make(worker_user, "notebook")
    assert plain not in client.get(f"/admin/analysis/apitoken/{token.pk}/change/").content.decode()
    assert token.digest not in client.get("/admin/analysis/apitoken/").content.decode()
    client.post(f"/admin/analysis/apitoken/{token.pk}/delete/", {"post": "yes"})
    assert tokens.user_of(plain) is None
    page = client.get("/admin/auth/user/").content.decode()
    assert "worker" in page


def test_workers_and_nobody_do_not_get_in(client, worker_user):
    assert client.get("/admin/auth/user/")["Location"].startswith("/admin/login/")
    client.force_login(worker_user)
    response = client.get("/admin/auth/user/", follow=True)
    assert response.status_code == 403


def test_it_changes_nothing_without_the_forms_secret(admin, worker_user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert (
        client.post(f"/admin/auth/user/{worker_user.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )
