"""A figure of the findings as a file: the same figure that its page shows for the same address."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from analysis.services import access, figure_files, figure_origins, figure_pages, findings
from analysis.services.figures import Figure
from analysis.views.atlas import readable_network

RETRY = 5  # seconds


@require_safe
def file(request: HttpRequest, slug: str, tab: str, name: str, form: str) -> HttpResponse:
    """Answer with one figure as SVG, PNG, PDF, Vega-Lite or CSV.

    What makes no sense in the query asks for the usual, as on the page. A figure that cannot be
    drawn now answers 503 with a sentence.
    """
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    if tab not in findings.TABS:
        raise Http404(f"There is no page of findings called {tab!r}.")
    found = figure_pages.figures(tab, network, request.GET.dict())
    figure = next((one for one in found if isinstance(one, Figure) and one.name == name), None)
    if figure is None:
        raise Http404(f"The page {tab} has no figure called {name!r} for this address.")
    origin = figure_origins.of_page(tab, network, request.GET.dict())
    etag = f'"{figure_files.stamp(figure, form, origin)}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return HttpResponse(status=unchanged.status_code, headers={"ETag": etag})
    try:
        data = figure_files.file_of(figure, form, origin)
    except figure_files.CannotDraw as error:
        return _cannot(error)
    headers = {
        "Content-Disposition": f'attachment; filename="{slug}-{tab}-{name}.{form}"',
        "ETag": etag,
        "Cache-Control": "private, no-cache",  # asked again whether it has changed
    }
    return HttpResponse(data, content_type=figure_files.TYPES[form], headers=headers)


def _cannot(error: figure_files.CannotDraw) -> HttpResponse:
    """Say in a sentence why there is no file."""
    busy = isinstance(error, figure_files.TooBusy)
    headers = {"Retry-After": str(RETRY)} if busy else {}
    return HttpResponse(
        f"{error}\n", status=503, headers=headers, content_type="text/plain; charset=utf-8"
    )
