"""What networks and image sets share when they are registered: names, and paths that are open."""

import re
from pathlib import Path

from django.conf import settings

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?", re.IGNORECASE)
# These are addresses of pages.
RESERVED = {"add", "concepts", "scenes"}


class RegistrationRefused(ValueError):
    """Something cannot be registered; the message says why and what to do."""


def check_slug(slug: str) -> None:
    """Refuse a name that cannot stand in an address.

    Raises:
        RegistrationRefused: says what a name may be made of.
    """
    if not SLUG.fullmatch(slug) or slug.lower() in RESERVED:
        raise RegistrationRefused(
            f"The name {slug!r} cannot be used: letters, digits, dashes and underscores, 80 at "
            "most, a letter or digit first and last."
        )


def allowed_path(text: str) -> Path:
    """Return the real path of what a researcher names, if it lies below an open folder.

    Raises:
        RegistrationRefused: it does not, also through a link, or there is nothing. One answer
            for both: what lies elsewhere on this machine is not told.
    """
    folders = [Path(folder) for folder in settings.ALLOWED_FOLDERS]
    if not folders:
        raise RegistrationRefused(
            "No folder is open for paths here: the operator can name some in ALLOWED_FOLDERS."
        )
    try:
        path = Path(text.strip()).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        path = None
    if path is None or not any(path.is_relative_to(folder) for folder in folders):
        open_ones = ", ".join(str(folder) for folder in folders)
        raise RegistrationRefused(f"{text!r} is not there, or not below {open_ones}.")
    return path
