"""The demonstration's own user: made on the first start, with a random password kept in var/."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User

from analysis.services.access import Role, add_user

NAME = "demo"


@dataclass(frozen=True)
class SignIn:
    """How to sign in; without a password where somebody has changed it."""

    user: User
    password: str


def account(folder: Path) -> SignIn:
    """Return the user `demo`, an admin of this installation, and the password if it is known.

    The password is written before the user is made, readable by its owner only, so that a start
    that is broken off leaves no user whose password nobody knows.
    """
    kept = folder / "sign-in.txt"
    user = User.objects.filter(username=NAME).first()
    if user is None:
        password = kept.read_text("utf-8").strip() if kept.exists() else secrets.token_urlsafe(12)
        _keep(kept, password)
        user = add_user(name=NAME, password=password, role=Role.ADMIN)
        return SignIn(user, password)
    password = kept.read_text("utf-8").strip() if kept.exists() else ""
    return SignIn(user, password if user.check_password(password) else "")


def _keep(path: Path, password: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{password}\n")
    aside.replace(path)
