"""The frame of the pages of findings: who may read, which run, which tab."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from analysis.models import Run
from analysis.services import access, findings
from analysis.services.figures import Figure
from analysis.views.atlas import readable_network

RUNS = 20
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
    """Make a view of a function that returns what `templates/analysis/findings/<name>.html` shows.

    The function is given a run that has finished the tab's step: the newest, or the one named in
    the address. Where there is none, the page says how to get one.
    """

    def around(make: Page) -> View:
        @require_safe
        @wraps(make)
        def view(request: HttpRequest, slug: str) -> HttpResponse:
            tab = findings.TABS[name]
            network = readable_network(request, slug)
            if network is None:
                return access.ask_to_sign_in(request)
            runs = list(findings.runs_with(network, tab.step)[:RUNS])
            named = [run for run in runs if run.short_key == request.GET.get("run")]
            run = next(iter(named or runs), None)
            page = {
                "network": network,
                "tab": tab,
                "tabs": findings.TABS.values(),
                "run": run,
                "runs": runs,
                **(make(request, run) if run else {}),
            }
            return render(request, f"analysis/findings/{name}.html", page)

        return view

    return around


def shown(*figures: Figure | None) -> dict[str, list[Figure]]:
    """Return the figures that there are, as the template's `figures`."""
    return {"figures": [figure for figure in figures if figure]}


def table_of(run: Run, statistic: str) -> str:
    """Return the address of a statistic of a run as CSV."""
    return f"{reverse('api-statistics-csv', args=[statistic])}?run={run.short_key}"
