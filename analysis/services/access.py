"""Who may do what: three roles, two decorators and the rule about other people's things.

Everybody signed in is a worker. The group "researcher" makes a researcher, who sees every
network, run and campaign of the installation (one lab), but changes only what is his own.
A superuser is the admin, and a researcher too.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

RESEARCHER_GROUP = "researcher"

P = ParamSpec("P")
Anybody: TypeAlias = User | AnonymousUser
View: TypeAlias = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class Role(StrEnum):
    """What somebody is in this installation; each role may do what the one before may."""

    NOBODY = "nobody"
    WORKER = "worker"
    RESEARCHER = "researcher"
    ADMIN = "admin"


class Owned(Protocol):
    """A row that remembers who made it."""

    @property
    def created_by_id(self) -> int | None:
        """Return the key of the user who made it."""


def role_of(user: Anybody) -> Role:
    """Return the role; one query for a signed-in user, remembered on the object."""
    if not user.is_authenticated or not user.is_active:
        return Role.NOBODY
    if user.is_superuser:
        return Role.ADMIN
    known = getattr(user, "_role", None)
    if known is None:
        in_group = user.groups.filter(name=RESEARCHER_GROUP).exists()
        known = Role.RESEARCHER if in_group else Role.WORKER
        vars(user)["_role"] = known  # a page asks several times
    return cast("Role", known)


def is_admin(user: Anybody) -> bool:
    """Return whether the user runs the installation."""
    return role_of(user) is Role.ADMIN


def is_researcher(user: Anybody) -> bool:
    """Return whether the user may see and start analyses; an admin may too."""
    return role_of(user) in {Role.RESEARCHER, Role.ADMIN}


def may_change(user: Anybody, thing: Owned) -> bool:
    """Return whether the user may cancel, close, publish, switch or delete the thing.

    Its creator may while he is a researcher, and an admin always. What nobody made (a command
    did, or a user since deleted) is the admin's.
    """
    if is_admin(user):
        return True
    return (
        is_researcher(user) and thing.created_by_id is not None and thing.created_by_id == user.pk
    )


def insist_may_change(user: Anybody, thing: Owned) -> None:
    """Raise PermissionDenied (a 403 page) unless the user may change the thing."""
    if not may_change(user, thing):
        raise PermissionDenied(_("Only the person who made this, or an admin, may change it."))


def worker_required(view: View[P]) -> View[P]:
    """Let in whoever is signed in."""
    sentence = gettext_lazy("This account is closed.")
    return _guard(view, {Role.WORKER, Role.RESEARCHER, Role.ADMIN}, sentence)


def researcher_required(view: View[P]) -> View[P]:
    """Let in researchers and admins."""
    sentence = gettext_lazy("This page is for researchers. An admin can give you that role.")
    return _guard(view, {Role.RESEARCHER, Role.ADMIN}, sentence)


def admin_required(view: View[P]) -> View[P]:
    """Let in admins."""
    return _guard(view, {Role.ADMIN}, gettext_lazy("This page is for admins."))


def _guard(view: View[P], roles: set[Role], sentence: Promise) -> View[P]:
    """Wrap a view: nobody goes to the sign-in page, somebody without the role gets a 403."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        if role_of(request.user) not in roles:
            raise PermissionDenied(str(sentence))
        return view(request, *args, **kwargs)

    return guarded


def ask_to_sign_in(request: HttpRequest, back_to: str = "") -> HttpResponse:
    """Send somebody unknown to the sign-in page, and back here (or there) afterwards.

    A fragment asked for by htmx must not become a sign-in form inside the page, so there the
    whole page is told to go.
    """
    if request.headers.get("HX-Request") != "true":
        return redirect_to_login(back_to or request.get_full_path())
    try:
        page = urlsplit(request.headers.get("HX-Current-URL", "/")).path or "/"
    except ValueError:  # a header is whatever somebody sends
        page = "/"
    return HttpResponse(status=401, headers={"HX-Redirect": redirect_to_login(page)["Location"]})


@transaction.atomic
def add_user(*, name: str, password: str, role: Role) -> User:
    """Make a user of a role. Researchers may look at the admin site, admins rule it.

    Raises
    ------
    ValueError
        If the name is taken or badly formed, or the password is too weak.
    """
    staff = role in {Role.RESEARCHER, Role.ADMIN}
    user = User(username=name, is_staff=staff, is_superuser=role is Role.ADMIN)
    user.set_password(password)
    try:
        user.full_clean()
        validate_password(password, user)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    user.save()
    if role is Role.RESEARCHER:
        user.groups.add(Group.objects.get_or_create(name=RESEARCHER_GROUP)[0])
    return user
