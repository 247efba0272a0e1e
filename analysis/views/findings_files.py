"""A figure of the findings as a file: the same figure that its page shows for the same address."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from analysis.services import access, figure_origins, figure_pages, findings
from analysis.views.atlas import readable_network
from analysis.views.figure_answers import File, answer


@require_safe
def file(request: HttpRequest, slug: str, tab: str, name: str, form: str) -> HttpResponse:
    """Answer with one figure of a page of findings.

    What makes no sense in the query asks for the usual, as on the page.
    """
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    if tab not in findings.TABS:
        raise Http404(f"There is no page of findings called {tab!r}.")
    asked = request.GET.dict()
    found = figure_pages.figures(tab, network, asked)
    return answer(
        request,
        found,
        File(name, form, f"{slug}-{tab}"),
        lambda _: figure_origins.of_page(tab, network, asked),
    )
