"""A network's archive, handed out while it is written."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from analysis.core.archives import ArchiveRefused
from analysis.models import Network
from analysis.services.access import researcher_required
from annotate.services import archives


@require_safe
@researcher_required
def archive(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Hand out all that is known of a network, without its weights, as `export_archive` does."""
    network = get_object_or_404(Network, slug=slug)
    try:
        pieces = archives.export(network)
    except ArchiveRefused as refused:
        messages.error(request, str(refused))
        return redirect("analysis:network", slug=slug)
    told = {"Content-Disposition": f'attachment; filename="{slug}.unitscope.zip"'}
    if request.method == "HEAD":
        return HttpResponse(content_type="application/zip", headers=told)
    return StreamingHttpResponse(pieces, content_type="application/zip", headers=told)
