"""Signing in and out, one's own account, password and API tokens."""

import hashlib
import secrets
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.models import ApiToken
from analysis.services import access, sign_in, tokens
from analysis.services.access import Role, worker_required

DEVICE = "unitscope_device"
SALT = "analysis.views.account"
YEAR = 365 * 24 * 3600
ROLES = {
    Role.NOBODY: pgettext_lazy("role", "nobody"),
    Role.WORKER: pgettext_lazy("role", "worker"),
    Role.RESEARCHER: pgettext_lazy("role", "researcher"),
    Role.ADMIN: pgettext_lazy("role", "admin"),
}


def _next(request: HttpRequest) -> str:
    """Return where to go afterwards: an address of this site only, else the start page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure())
    # What does not begin with a slash `redirect` would look up as the name of an address.
    return wanted if safe and wanted.startswith("/") and "\0" not in wanted else "/"


def _address(request: HttpRequest) -> str:
    """Return whom to count attempts for: behind our proxies, the address that the first saw."""
    proxies = cast("int", settings.REST_FRAMEWORK["NUM_PROXIES"])
    seen = request.headers.get("X-Forwarded-For", "").split(",")[-proxies:] if proxies else []
    return (seen[0].strip() if seen else "") or request.META.get("REMOTE_ADDR", "")


def _mark(name: str) -> str:
    """Return what a device's cookie holds of the name that has signed in there."""
    return hashlib.sha256(name.strip().casefold().encode()).hexdigest()


def _device(request: HttpRequest, name: str) -> str:
    """Return the device if this name has signed in on it before, else nothing."""
    held = request.get_signed_cookie(DEVICE, default="", salt=SALT, max_age=YEAR) or ""
    device, _, mark = held.partition(":")
    return device if mark == _mark(name) else ""


def _remember(response: HttpResponse, device: str, name: str) -> None:
    """Let the device be known by its next sign-in; the cookie opens nothing."""
    response.set_signed_cookie(
        DEVICE,
        f"{device or secrets.token_hex(16)}:{_mark(name)}",
        salt=SALT,
        max_age=YEAR,
        path=reverse("login"),
        httponly=True,
        samesite="Lax",
        secure=settings.BEHIND_HTTPS,
    )


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """The sign-in page."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    page: dict[str, object] = {"next": _next(request)}
    if request.method != "POST":
        return render(request, "account/sign_in.html", page | {"form": AuthenticationForm(request)})
    form = AuthenticationForm(request, request.POST)
    name = request.POST.get("username", "")[:150]
    attempt = {"name": name, "address": _address(request), "device": _device(request, name)}
    now = timezone.now()
    if wait := sign_in.begin(**attempt, now=now):
        refused = AuthenticationForm(request, initial={"username": name})
        page |= {"form": refused, "wait": wait, "minutes": -(-wait // 60)}
        response = render(request, "account/sign_in.html", page, status=429)
        response["Retry-After"] = str(wait)
        return response
    if not form.is_valid():
        return render(request, "account/sign_in.html", page | {"form": form}, status=422)
    login(request, form.get_user())
    sign_in.succeeded(**attempt, now=now)
    response = redirect(_next(request))
    _remember(response, attempt["device"], name)
    return response


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out; by POST only, so that no picture on another page can do it."""
    logout(request)
    return redirect("/")


@require_safe
def staff_enter(request: HttpRequest) -> HttpResponse:
    """The admin site signs in on the one page whose attempts are counted."""
    if request.user.is_authenticated:
        raise PermissionDenied(_("The admin site is for researchers and admins."))
    return access.ask_to_sign_in(request, _next(request))


def _user(request: HttpRequest) -> User:
    """Return the signed-in user; the guard in front of each view lets in nobody else."""
    return cast("User", request.user)


@require_safe
@never_cache
@worker_required
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here, and one's API tokens."""
    return render(request, "account/account.html", _page(request))


def _page(request: HttpRequest) -> dict[str, object]:
    """Return what the account page shows."""
    user = _user(request)
    role = access.role_of(user)
    return {"role": role, "role_name": ROLES[role], "tokens": user.api_tokens.all()}


@require_POST
@never_cache
@worker_required
def add_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once: hence no redirect, and no copy in any cache."""
    name = request.POST.get("name", "")
    try:
        token, plain = tokens.make(_user(request), name)
    except ValueError as error:
        page = _page(request) | {"name": name, "token_error": str(error)}
        return render(request, "account/account.html", page, status=422)
    page = _page(request) | {"made": token, "plain": plain}
    return render(request, "account/account.html", page)


@require_POST
@worker_required
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of one's own tokens; another's is not found."""
    token = get_object_or_404(ApiToken, pk=pk, user=_user(request))
    tokens.revoke(token)
    messages.success(request, _("Token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("account")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@worker_required
def password(request: HttpRequest) -> HttpResponse:
    """Change one's password; every other session of the account ends."""
    form = PasswordChangeForm(_user(request), request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("Your password is changed. Other devices are signed out."))
        return redirect("account")
    status = 422 if request.method == "POST" else 200
    return render(request, "account/password.html", {"form": form}, status=status)
