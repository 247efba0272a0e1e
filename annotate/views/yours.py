"""A worker's own: his history and how it was used, his data as a file, and leaving."""

import csv
import io
from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth import logout
from django.core.paginator import Paginator
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from analysis.services import access
from analysis.services.spreadsheets import neutralise
from annotate.models import Worker
from annotate.services import leaving, own_work
from annotate.views import door

ROWS = 25
NAME = "unitscope-my-answers"


@never_cache
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Show what a worker answered, the newest first, and how each answer was used."""
    worker = door.worker_of(request)
    if worker is None:
        return door.turn_away(request, None)
    at = Paginator(own_work.history(worker), ROWS).get_page(request.GET.get("page"))
    page = {
        "worker": worker,
        "work": own_work.work_of(worker),
        "at": at,
        "rows": own_work.with_use(list(at)),
    }
    return render(request, "annotate/label_yours.html", page)


@never_cache
@require_GET
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """Hand out all that is kept of a worker: as JSON, or his answers as CSV."""
    worker = door.worker_of(request)
    if worker is None:
        return door.turn_away(request, None)
    told = {"Content-Disposition": f'attachment; filename="{NAME}.{form}"'}
    if form == "json":
        return JsonResponse(own_work.everything(worker), headers=told)
    return StreamingHttpResponse(_lines(worker), content_type="text/csv", headers=told)


@never_cache
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Say what leaving means; with `sure`, forget the worker and sign him out."""
    worker = door.worker_of(request)
    if worker is None:
        return door.turn_away(request, None)
    if request.method == "POST" and request.POST.get("sure") == "yes":
        return _leave(request, worker)
    goes = worker.user_id is not None and access.role_of(request.user) == access.Role.WORKER
    page = {
        "worker": worker,
        "work": own_work.work_of(worker),
        "account_goes": goes,
        "unsure": request.method == "POST",
    }
    status = 422 if page["unsure"] else 200
    return render(request, "annotate/label_leave.html", page, status=status)


def _leave(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Forget the worker, end his session where his account went, take his cookie back."""
    account_went = leaving.leave(worker, now())
    if account_went or not request.user.is_authenticated:
        logout(request)
    told = _("You are forgotten here: your answers stay, and nothing tells that they were yours.")
    if account_went:
        told += " " + _("Your account is deleted.")
    messages.success(request, told)
    response = redirect("/" if account_went or worker.user_id is None else "annotate:label_home")
    response.delete_cookie(door.COOKIE, path=reverse("annotate:label_home"), samesite="Lax")
    return response


def _lines(worker: Worker) -> Iterator[bytes]:
    """Write the table as RFC 4180 has it, UTF-8; text is safe in a spreadsheet."""
    yield (",".join(own_work.COLUMNS) + "\r\n").encode()
    for line in own_work.table(worker):
        text = io.StringIO(newline="")
        cells = [neutralise(cell) if isinstance(cell, str) else cell for cell in line]
        csv.writer(text).writerow(cells)
        yield text.getvalue().encode()
