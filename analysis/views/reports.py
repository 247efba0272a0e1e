"""The reports of a network: ask for one, watch it being made, fetch it, delete it."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis import tasks
from analysis.models import OPEN, Network, Report
from analysis.services import access, atlas, findings, label_choices, objects, report_runs, reports
from analysis.services.access import insist_may_change, may_change, researcher_required
from analysis.services.listeners import listening
from analysis.services.reports import ReportRefused
from analysis.views.atlas import SOURCE_NAMES, readable_network
from analysis.views.report_form import ReportForm

TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "zip": "application/zip"}
QUEUE = "cpu"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the reports that there are; by POST, ask for one."""
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    sent = request.POST if request.method == "POST" else None
    sets = objects.sets_for_report(network)[1]
    runs = report_runs.runs_for_report(network)
    asked = {name: request.GET[name] for name in ReportForm.base_fields if name in request.GET}
    others = _others(request, network)
    has_form = may_change(request.user, network)
    other_runs = report_runs.runs_for_reports(others) if has_form else {}
    form = ReportForm(
        sent, initial=asked, others=others, sets=sets, runs=runs, other_runs=other_runs
    )
    if request.method == "POST":
        insist_may_change(request.user, network)
        if form.is_valid() and _asked(request, network, form):
            return redirect("analysis:findings_reports", slug)
    shown = _list(request, network) | {
        "form": form,
        "sources": _sources(network),
        "sets": sets,
        "runs": runs,
        "other_runs": {of: own for of, own in other_runs.items() if len(own) > 1},
        "tab": None,
        "tabs": findings.TABS.values(),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "analysis/findings/reports.html", shown, status=status)


@require_safe
@never_cache
def listed(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the list alone: the page asks for it again while a report is being made."""
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    return render(request, "analysis/findings/reports_list.html", _list(request, network))


@require_POST
@researcher_required
def again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Have a report that failed made once more."""
    report = _mine(request, slug, pk)
    if reports.again(report, timezone.now()):
        tasks.make_report.delay_on_commit(report.pk)
        messages.success(request, "A worker will make it.")
    else:
        messages.info(request, "It did not fail, or another one is being made.")
    return redirect("analysis:findings_reports", slug)


@require_POST
@researcher_required
def delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Delete a report with its files."""
    report = _mine(request, slug, pk)
    reports.delete(report)
    messages.success(request, "The report is deleted.")
    return redirect("analysis:findings_reports", slug)


@require_safe
@never_cache
def file(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponseBase:
    """Give one file of a report, to be saved: its HTML is never a page of this site."""
    network = readable_network(request, slug)
    if network is None:
        return access.ask_to_sign_in(request)
    report = get_object_or_404(reports.readable(request.user, network), pk=pk)
    if name not in report.files:
        raise Http404("No such file.")
    try:
        stored = default_storage.open(f"{report.folder}/{name}")
    except OSError as error:
        raise Http404("The file is gone: make the report again.") from error
    ending = name.rpartition(".")[2]
    saved = f"{reports.download_name(report)}.{ending}"
    if request.method == "HEAD":
        stored.close()
        return HttpResponse(
            headers={"Content-Length": str(report.files[name]), "Content-Type": TYPES[ending]}
        )
    return FileResponse(stored, as_attachment=True, filename=saved, content_type=TYPES[ending])


def _asked(request: HttpRequest, network: Network, form: ReportForm) -> bool:
    """Ask for a report; say why where that cannot be."""
    data = form.cleaned_data
    try:
        report, new = reports.request(
            network=network,
            wanted=reports.Wanted(data["against"], form.asked(), data["licence"]),
            user=cast("User", request.user),
            now=timezone.now(),
        )
    except ReportRefused as refused:
        form.add_error(None, str(refused))
        return False
    if new:
        tasks.make_report.delay_on_commit(report.pk)
        messages.success(request, "A worker will make the report.")
    elif report.asked == form.asked():
        messages.info(request, "Such a report is being made already.")
    else:
        messages.warning(request, "Another report is being made: ask again when it is done.")
    return True


def _list(request: HttpRequest, network: Network) -> dict[str, Any]:
    """Return what the list shows: reports with their files, and whether somebody works."""
    found = list(reports.readable(request.user, network))
    waiting = any(report.state in OPEN for report in found)
    return {
        "network": network,
        "reports": [(report, _files(report)) for report in found],
        "waiting": waiting,
        "unattended": waiting and not listening(QUEUE, timezone.now()),
        "may_change": may_change(request.user, network),
    }


def _files(report: Report) -> list[tuple[str, str, int]]:
    """Return (name, words, bytes) of each file, the whole folder last."""
    words = {"html": "HTML", "pdf": "PDF", "zip": "everything as ZIP"}
    endings = {name.rpartition(".")[2]: name for name in report.files}
    return [
        (endings[ending], told, report.files[endings[ending]])
        for ending, told in words.items()
        if ending in endings
    ]


def _others(request: HttpRequest, network: Network) -> Any:
    """Return the networks to compare with: those that one may read."""
    return atlas.readable_networks(request.user).exclude(pk=network.pk)


def _sources(network: Network) -> list[tuple[str, Any]]:
    """Return whose labels a report may count, with their names; those usually counted first."""
    choice = label_choices.answers_chosen(network, {})
    if choice is None:
        return []
    sources = sorted(choice.sources, key=lambda one: one != choice.wanted.source)
    return [(one, SOURCE_NAMES[one]) for one in sources]


def _mine(request: HttpRequest, slug: str, pk: int) -> Report:
    """Return a report of a network that one may change."""
    network = get_object_or_404(Network, slug=slug)
    insist_may_change(request.user, network)
    return get_object_or_404(network.reports, pk=pk)
