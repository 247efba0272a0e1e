"""Keeps what one person was answered from everybody else who asks through the same cache."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

UNSAID = "private, no-cache"


class PrivateAnswers:
    """Say that an answer is its asker's, and must be asked for again, where nothing is said.

    A cache in front of a site keeps by its own rules what says nothing: many keep whatever ends
    with .zip or .csv, and give a private network's archive to the next who asks. What everybody
    may keep says so itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep what answers the request."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, and say so."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", UNSAID)
        return response
