"""What all addresses of the API share: strict parameters, counted calls, cheap repetition."""

import hashlib
import re
from typing import Any, cast

from django.contrib.auth.models import User
from django.views.decorators.http import conditional_page
from rest_framework.exceptions import MethodNotAllowed, NotFound, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.pagination import PARAMETERS
from analysis.api.parsers import insist_on_length
from analysis.services.access import is_researcher
from analysis.services.kept import program

NUL = "\0"


class Endpoint(GenericAPIView[Any]):
    """One address. A subclass says what it reads, and which parameters it takes."""

    # Nothing is replaced or deleted through the API, and the schema tells more than OPTIONS would.
    http_method_names: tuple[str, ...] = ("get", "head", "post")
    # Query parameters beside those of the filters and of pagination.
    accepts: frozenset[str] = frozenset()
    # Which limit counts calls to this address: see throttling.
    rate = "calls"
    orderings: tuple[str, ...] = ("pk",)
    # Bytes that a body may have where it is not what its kind usually may.
    longest: int | None = None
    # A list takes the parameters of its filters and of its pages.
    is_list = False
    # What stands for an answer that is not made yet, and whether nobody's secret is in it.
    mark = ""
    is_public = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view; a reader who has the answer already is told so with a 304."""
        return conditional_page(super().as_view(**initkwargs))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find out who calls, count the call, and check it."""
        self.format_kwarg = None
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        insist_on_length(request, self.longest)
        try:
            self.perform_authentication(request)
        finally:
            # A wrong token is counted too, by its address: or guessing were free.
            self.check_throttles(request)
        self.check_permissions(request)
        if request.method not in self.allowed_methods:  # no parameter is looked at before
            raise MethodNotAllowed(request.method or "")
        self.check_address(kwargs)
        self.check_parameters(request)

    def check_address(self, kwargs: dict[str, Any]) -> None:
        """Refuse what no row can be called: PostgreSQL fails on a NUL."""
        if any(NUL in part for part in kwargs.values() if isinstance(part, str)):
            raise NotFound("There is nothing at this address that you may see.")

    def parameters(self, request: Request) -> set[str]:
        """Return the query parameters that this address takes."""
        known = set(self.accepts)
        if self.is_list and request.method in {"GET", "HEAD"}:
            known |= PARAMETERS
            known |= set(getattr(getattr(self, "filterset_class", None), "base_filters", ()))
        return known if request.method in {"GET", "HEAD"} else set()

    def check_parameters(self, request: Request) -> None:
        """Refuse unknown, repeated and empty parameters: a typo must not widen an answer."""
        known = self.parameters(request)
        wrong: dict[str, list[str]] = {}
        takes = ", ".join(sorted(known)) or "none"
        for name, values in request.query_params.lists():
            if name not in known:
                wrong[name] = [f"This address has no such parameter; it takes: {takes}."]
            elif len(values) > 1:
                wrong[name] = ["This parameter is given more than once."]
            elif not values[0]:
                wrong[name] = ["This parameter is empty: give it a value, or leave it out."]
            elif NUL in values[0]:
                wrong[name] = ["This parameter holds a null character."]
        if wrong:
            raise ValidationError(wrong)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Say whose an answer is, and that it must be asked for again: rights may have changed."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        good = answer.status_code in {200, 304}
        for_all = good and self.is_public and not self.for_researcher
        answer.headers["Cache-Control"] = f"{'public' if for_all else 'private'}, no-cache"
        if self.mark and good:
            answer.headers["ETag"] = self.mark
        answer.headers["Vary"] = "Accept, Authorization, Cookie"
        return answer

    def is_known(self, request: Request, *decides: str) -> bool:
        """Tell whether the caller has the answer already; ask once he is known to be let in.

        ``decides`` is all that the answer is made of, beside the question, the caller's role and
        the program itself. What is kept under another role's mark is never taken for this one's.
        """
        role = "researcher" if self.for_researcher else "reader"
        spoken = "\n".join([request.get_full_path(), role, program(), *decides])
        self.mark = f'"{hashlib.sha256(spoken.encode()).hexdigest()[:32]}"'
        known = request.headers.get("If-None-Match", "").replace("W/", "")
        return self.mark in re.split(r",\s*", known)

    @property
    def user(self) -> User:
        """Return the caller, where only somebody known gets this far."""
        return cast("User", self.request.user)

    @property
    def for_researcher(self) -> bool:
        """Return whether the caller sees what is the researchers' own."""
        return is_researcher(self.request.user)


class ListEndpoint(ListModelMixin, Endpoint):
    """An address that lists rows, page by page."""

    is_list = True
