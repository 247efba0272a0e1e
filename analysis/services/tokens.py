"""Keys to the API: made once, shown once, kept as a hash."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from analysis.models import ApiToken

# Tells a leaked key of ours from any other string, for people and for secret scanners.
MARK = "us_"
RANDOM_BYTES = 32
SHOWN = 8
LONGEST_NAME = 80
# A busy script must not write a row at every call.
USE_NOTED_EVERY = timedelta(minutes=1)


def digest_of(plain: str) -> str:
    """Return what is kept of a token. Plain SHA-256 will do: 256 random bits cannot be guessed."""
    return hashlib.sha256(plain.encode()).hexdigest()


def make(user: User, name: str) -> tuple[ApiToken, str]:
    """Make a token called ``name`` and return its row and its text, which is told only now.

    Raises
    ------
    ValueError
        if the name is empty, too long, or already used by this user.
    """
    name = name.strip()
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
        sentence = _("A token needs a name of 1 to %(most)s letters, on one line.")
        raise ValueError(sentence % {"most": LONGEST_NAME})
    plain = MARK + secrets.token_urlsafe(RANDOM_BYTES)
    row = ApiToken(user=user, name=name, prefix=plain[:SHOWN], digest=digest_of(plain))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        sentence = _(
            "You already have a token called “%(name)s”: revoke it, or choose another name."
        )
        raise ValueError(sentence % {"name": name}) from None
    return row, plain


def user_of(plain: str) -> User | None:
    """Return whose token this is, or None if it is nobody's or its user may not sign in."""
    if not plain.startswith(MARK):
        return None
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=digest_of(plain), user__is_active=True)
        .first()
    )
    if token is None:
        return None
    note_use(token)
    return token.user


def note_use(token: ApiToken) -> None:
    """Remember that the token was used, at most once a minute and by one writer only."""
    now = timezone.now()
    if token.last_used_at and token.last_used_at > now - USE_NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def revoke(token: ApiToken) -> None:
    """Delete the token: whoever holds its text is nobody from now on."""
    token.delete()
