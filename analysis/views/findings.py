"""The frame of the pages of findings: who may read, which run, which tab."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from analysis.models import Run
from analysis.services import access, figure_pages, findings
from analysis.views.atlas import readable_network
from analysis.views.figure_answers import files_of

Page = Callable[[HttpRequest, Run], dict[str, Any]]
View = Callable[[HttpRequest, str], HttpResponse]


@require_safe
def home(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead to the first finding that can be shown."""
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    return redirect(findings.first_tab(network).address, slug)


def finding(name: str) -> Callable[[Page], View]:
    """Make a view of a function that returns what its page shows beside the tab's figures.

    The page is `templates/analysis/findings/<name>.html`. The function is given a run that has
    finished the tab's step: the newest, or the one named in the address. Where there is none, the
    page says how to get one.
    """

    def around(make: Page) -> View:
        @require_safe
        @wraps(make)
        def view(request: HttpRequest, slug: str) -> HttpResponse:
            tab = findings.TABS[name]
            network = readable_network(request, slug)
            if network is None:
                return access.ask_to_sign_in(request)
            run, runs = figure_pages.run_of(network, tab.step, request.GET.dict())
            page = {
                "network": network,
                "tab": tab,
                "tabs": findings.TABS.values(),
                "run": run,
                "runs": runs,
                "files": files_of(request),
                "figures": figure_pages.figures_of_run(name, run, request.GET.dict())
                if run
                else [],
                **(make(request, run) if run else {}),
            }
            return render(request, f"analysis/findings/{name}.html", page)

        return view

    return around
