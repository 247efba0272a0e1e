"""Which language a request is answered in: as its reader chose, else as his browser asks."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

# Programs read the API, and files keep one form whoever fetches them: English, always. So are the
# rooms below that are not translated yet: a page is in one language, and says rightly in which.
ENGLISH = (
    "/api/", "/admin/", "/pictures/", "/healthz",
    "/atlas/concepts/", "/atlas/scenes/",
    "/campaigns/", "/findings/", "/image-sets/", "/networks/", "/runs/", "/try/",
)  # fmt: skip


class Languages:
    """Put the language on for one request, and tell caches what the page depends on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep what answers the request."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the language."""
        language = language_of(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):  # the next request of this thread begins anew
            response = self.get_response(request)
        if is_translated(request) and response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            response.headers.setdefault("Content-Language", language)
        return response


def is_translated(request: HttpRequest) -> bool:
    """Tell whether what stands at this address is there in more than English."""
    return not request.path_info.startswith(ENGLISH)


def language_of(request: HttpRequest) -> str:
    """Return the code of the language to answer in."""
    if not is_translated(request):
        return "en"
    return translation.get_language_from_request(request)


def others(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the languages the page may be had in instead, by their own names.

    A page that answers a POST cannot be asked for again, so it offers none.
    """
    if request.method != "GET" or not is_translated(request):
        return []
    here = translation.get_language()
    codes = [code for code, _ in settings.LANGUAGES if code != here]
    return [(code, translation.get_language_info(code)["name_local"]) for code in codes]


@csrf_exempt  # its secret would be a cookie for everybody who only reads; the origin will do
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie, and go back to the page.

    Raises:
        PermissionDenied: another site's page sent it.
        BadRequest: there is no such language.
    """
    own = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    if request.headers.get("Origin", request.build_absolute_uri("/")[:-1]) not in own:
        raise PermissionDenied("The language is chosen on the pages of this site only.")
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise BadRequest(f"There is no language {language[:20]!r} here.")
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure())
    response = HttpResponseRedirect(wanted if safe and "\0" not in wanted else "/")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.BEHIND_HTTPS,
    )
    return response
