"""The audit log of a campaign: who did what to whom and why, as a page and as a file."""

import csv
import io
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analysis.services.access import researcher_required
from analysis.services.spreadsheets import neutralise
from annotate.models import AuditEntry, Campaign
from annotate.services import audit

ROWS = 50


@require_safe
@researcher_required
@never_cache
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the acts, the newest first, all or those of one kind or about one worker."""
    campaign = get_object_or_404(Campaign, slug=slug)
    act, worker = _filters(request)
    rows = audit.log_of(campaign, act, worker)
    context = {
        "campaign": campaign,
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "acts": audit.acts_of(campaign),
        "act": act,
        "worker": worker,
        "query": request.GET.urlencode(),
    }
    return render(request, "annotate/workers/audit.html", context)


@require_safe
@researcher_required
@never_cache
def export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Hand out the same acts as CSV, the oldest first."""
    campaign = get_object_or_404(Campaign, slug=slug)
    rows = audit.log_of(campaign, *_filters(request)).order_by("pk")
    told = {"Content-Disposition": f'attachment; filename="{campaign.slug}-audit.csv"'}
    return StreamingHttpResponse(_lines(rows), content_type="text/csv", headers=told)


def _filters(request: HttpRequest) -> tuple[str, str]:
    """Return the act and the worker that the address asks for."""
    asked = {name: request.GET.get(name, "").replace("\0", "") for name in ("act", "worker")}
    return asked["act"][:30], asked["worker"].strip()[:40]


def _lines(rows: QuerySet[AuditEntry]) -> Iterator[bytes]:
    """Write the log as RFC 4180 has it, UTF-8; text is safe in a spreadsheet."""
    yield (",".join(audit.COLUMNS) + "\r\n").encode()
    for entry in rows.iterator(500):
        text = io.StringIO(newline="")
        csv.writer(text).writerow([neutralise(cell) for cell in audit.cells(entry)])
        yield text.getvalue().encode()
