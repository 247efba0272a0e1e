"""The files of a page's figures: where they lie, and how one of them is answered.

A file lies beside its page, and its address chooses the same: what one sees is what one downloads.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.encoding import escape_uri_path
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from analysis.services import figure_files
from analysis.services.figures import Figure, Missing

RETRY = 5  # seconds
TOLD = 80  # letters of a name that is not there


class Files(NamedTuple):
    """Where the files of a page's figures lie: `templates/partials/figure.html` leads there."""

    home: str
    query: str


class File(NamedTuple):
    """Which figure is asked for, as what, and what stands before its name when it is saved."""

    name: str
    form: str
    page: str

    @property
    def saved(self) -> str:
        """Return its name when saved."""
        return f"{self.page}-{self.name}.{self.form}"


def in_file_name(words: str) -> str:
    """Return what anybody may have written as a part of a file's name: letters and digits only."""
    return slugify(words, allow_unicode=True) or "unnamed"


def files_of(request: HttpRequest, **chosen: str) -> Files:
    """Return where the files lie of the page that is asked for, with what it chose by itself."""
    query = request.GET.copy()
    for name, value in chosen.items():
        query[name] = value
    return Files(escape_uri_path(request.path), query.urlencode())


def answer(
    request: HttpRequest,
    found: Iterable[Figure | Missing],
    wanted: File,
    origin: Callable[[Figure], str],
) -> HttpResponse:
    """Answer with one of a page's figures as SVG, PNG, PDF, Vega-Lite or CSV.

    A name that none of them has, or another form, answers 404, a figure that cannot be drawn now
    503: all with a sentence. ``origin`` says where the numbers of a figure come from.
    """
    if wanted.form not in figure_files.TYPES:
        forms = ", ".join(figure_files.TYPES)
        return sentence(f"No figure can be had as {wanted.form[:TOLD]!r}, but as {forms}.", 404)
    shown = list(found)
    figure = next(
        (one for one in shown if isinstance(one, Figure) and one.name == wanted.name), None
    )
    if figure is None:
        return sentence(_not_there(wanted.name, shown), 404)
    source = origin(figure)
    etag = f'"{figure_files.stamp(figure, wanted.form, source)}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return HttpResponse(status=unchanged.status_code, headers={"ETag": etag})
    try:
        data = figure_files.file_of(figure, wanted.form, source)
    except figure_files.CannotDraw as error:
        busy = isinstance(error, figure_files.TooBusy)
        return sentence(str(error), 503, {"Retry-After": str(RETRY)} if busy else {})
    headers = {
        "Content-Disposition": str(content_disposition_header(True, wanted.saved)),
        "ETag": etag,
        "Cache-Control": "private, no-cache",  # asked again whether it has changed
    }
    return HttpResponse(data, content_type=figure_files.TYPES[wanted.form], headers=headers)


def sentence(words: str, status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    """Say in a sentence why there is no file."""
    return HttpResponse(
        f"{words}\n", status=status, headers=headers, content_type="text/plain; charset=utf-8"
    )


def _not_there(name: str, shown: Iterable[Figure | Missing]) -> str:
    """Say that no figure is called so, which there are, and why others are missing."""
    there = [one.name for one in shown if isinstance(one, Figure)]
    some = f"but {', '.join(there)}" if there else "nor any other"
    why = [one.why for one in shown if isinstance(one, Missing)]
    return " ".join((f"This page has no figure called {name[:TOLD]!r}, {some}.", *why))
