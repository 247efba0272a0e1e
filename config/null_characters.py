"""Keeps null characters from the database: no row can hold one, and PostgreSQL fails on them."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase

NUL = "\0"


class NullCharacters:
    """Forget cookies that hold one; refuse them in the addresses of the admin site.

    Django looks a session up by whatever its cookie holds, and the admin site filters by whatever
    the address says. Forms, pages and the API look at their own input.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep what answers the request."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request without them."""
        for name in [name for name, value in request.COOKIES.items() if NUL in value]:
            del request.COOKIES[name]
        if request.path_info.startswith("/admin/") and self._in_address(request):
            raise BadRequest("The address holds a null character.")
        return self.get_response(request)

    @staticmethod
    def _in_address(request: HttpRequest) -> bool:
        values = [value for _, found in request.GET.lists() for value in found]
        return any(NUL in text for text in [request.path_info, *request.GET, *map(str, values)])
