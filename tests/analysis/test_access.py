"""Roles, the guards of pages, and whose thing may be changed by whom."""

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from analysis.models import Network
from analysis.services import access
from analysis.services.access import Role
from tests.conftest import researchers

pytestmark = pytest.mark.rows


def test_each_person_has_one_role(worker_user, researcher, admin):
    assert access.role_of(AnonymousUser()) is Role.NOBODY
    assert access.role_of(worker_user) is Role.WORKER
    assert access.role_of(researcher) is Role.RESEARCHER
    assert access.role_of(admin) is Role.ADMIN
    assert access.is_researcher(admin)
    assert not access.is_researcher(worker_user)
    assert not access.is_admin(researcher)


def test_a_closed_account_is_nobody(admin, researcher):
    admin.is_active = researcher.is_active = False
    assert access.role_of(admin) is access.role_of(researcher) is Role.NOBODY


def test_the_role_is_asked_of_the_database_once(researcher, django_assert_num_queries):
    user = User.objects.get(pk=researcher.pk)
    with django_assert_num_queries(1):
        assert access.is_researcher(user)
        assert access.is_researcher(user)
        assert not access.is_admin(user)


def test_only_the_creator_or_an_admin_may_change(worker_user, researcher, other_researcher, admin):
    network = Network(slug="alexnet", created_by=researcher)
    assert access.may_change(researcher, network)
    assert access.may_change(admin, network)
    assert not access.may_change(other_researcher, network)
    assert not access.may_change(worker_user, network)
    assert not access.may_change(AnonymousUser(), network)
    with pytest.raises(PermissionDenied, match="Only the person who made this"):
        access.insist_may_change(other_researcher, network)


def test_a_creator_who_lost_the_role_may_not_change(worker_user):
    assert not access.may_change(worker_user, Network(created_by=worker_user))


def test_what_nobody_made_is_the_admins(researcher, admin):
    assert not access.may_change(researcher, Network())
    assert not access.may_change(AnonymousUser(), Network())
    assert access.may_change(admin, Network())


@pytest.mark.parametrize(
    ("guard", "let_in"),
    [
        (access.worker_required, "worker_user researcher admin"),
        (access.researcher_required, "researcher admin"),
        (access.admin_required, "admin"),
    ],
)
def test_guards_let_in_whom_they_name(request, rf, guard, let_in):
    view = guard(lambda request: HttpResponse("in"))
    for name in ("worker_user", "researcher", "admin"):
        asked = rf.get("/somewhere/?page=2")
        asked.user = request.getfixturevalue(name)
        if name in let_in.split():
            assert view(asked).content == b"in"
        else:
            with pytest.raises(PermissionDenied):
                view(asked)
    asked.user = AnonymousUser()
    assert view(asked)["Location"] == "/sign-in/?next=/somewhere/%3Fpage%3D2"


def test_a_fragment_sends_the_whole_page_to_sign_in(rf):
    asked = rf.get(
        "/part/", headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/runs/1/"}
    )
    asked.user = AnonymousUser()
    answer = access.worker_required(lambda request: HttpResponse("in"))(asked)
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/sign-in/?next=/runs/1/"


def test_the_group_looks_at_everything_and_changes_no_people(db):
    """As its migration makes it."""
    rights = set(researchers().permissions.values_list("codename", flat=True))
    assert {"view_network", "view_campaign", "view_user"} <= rights
    assert all(right.startswith("view_") for right in rights)
    assert "view_apitoken" not in rights


@pytest.mark.parametrize("role", [Role.WORKER, Role.RESEARCHER, Role.ADMIN])
def test_a_user_of_a_role_is_made(db, role):
    user = access.add_user(name="erin", password="a long enough phrase", role=role)
    user = User.objects.get(pk=user.pk)
    assert access.role_of(user) is role
    assert user.check_password("a long enough phrase")
    assert user.is_superuser is (role is Role.ADMIN)


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("alice", "a long enough phrase", "already exists"),
        ("no spaces", "a long enough phrase", "valid username"),
        ("erin", "short", "too short"),
        ("erinerin", "erinerin", "too similar"),
    ],
)
def test_a_bad_user_is_refused_in_a_sentence(worker_user, name, password, sentence):
    with pytest.raises(ValueError, match=sentence):
        access.add_user(name=name, password=password, role=Role.WORKER)
    assert User.objects.count() == 1
