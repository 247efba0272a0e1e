"""What every page may ask about who looks at it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest

from analysis.services import access
from annotate.views import words
from config import languages


@dataclass(frozen=True)
class Viewer:
    """Who looks at the page; asked of the database only where a template asks."""

    user: User | AnonymousUser

    @property
    def role(self) -> str:
        """Return nobody, worker, researcher or admin."""
        return access.role_of(self.user)

    @property
    def is_researcher(self) -> bool:
        """Return whether the console and all atlases are open to him."""
        return access.is_researcher(self.user)


def viewer(request: HttpRequest) -> dict[str, Viewer]:
    """Add `viewer` to every page; error pages may come before the user is known."""
    return {"viewer": Viewer(getattr(request, "user", AnonymousUser()))}


def language(request: HttpRequest) -> dict[str, Callable[[], object]]:
    """Add the other languages, and the sentences of scripts; made only where a template asks."""
    return {
        "other_languages": lambda: languages.others(request),
        "english_only": lambda: not languages.is_translated(request),
        "words_for_scripts": words.for_scripts,
    }
