"""Pictures of top images: fetched by an unguessable token, without sign-in and without a query."""

import re

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

# A token stands for one recipe, unit and rank: its pictures never change.
FOR_A_YEAR = "public, max-age=31536000, immutable"


@require_safe
def picture(request: HttpRequest, token: str, kind: str, size: str) -> HttpResponseBase:
    """Answer with one picture; token, kind and size are checked by the address pattern."""
    etag = f'"{token}-{kind}-{size}"'
    response: HttpResponseBase
    if etag in re.split(r",\s*", request.headers.get("If-None-Match", "").replace("W/", "")):
        response = HttpResponse(status=304)
    else:
        response = _stored(f"pictures/{token[:2]}/{token}/{kind}-{size}.webp", request.method)
    response["ETag"] = etag
    response["Cache-Control"] = FOR_A_YEAR
    return response


def _stored(name: str, method: str | None) -> HttpResponseBase:
    """Return the file as a response, only its length for HEAD; works for any storage."""
    try:
        file = default_storage.open(name)
    except OSError as error:
        raise Http404("No such picture.") from error
    if method == "HEAD":
        with file:
            return HttpResponse(
                headers={"Content-Length": str(file.size), "Content-Type": "image/webp"}
            )
    return FileResponse(file, content_type="image/webp")
