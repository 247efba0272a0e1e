"""One shape for every error of the API: ``{"error": {"code", "message", "fields"}}``."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, status
from rest_framework.response import Response

logger = logging.getLogger(__name__)

Fields = dict[str, list[str]]
WHOLE = "non_field_errors"
SEE_FIELDS = "The request was not accepted: see fields."


class Conflict(exceptions.APIException):
    """What is asked for contradicts what is there."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This contradicts what is there already."
    default_code = "conflict"


class TooLarge(exceptions.APIException):
    """The body is longer than the installation takes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body of the request is too large."
    default_code = "too_large"


class Unavailable(exceptions.APIException):
    """Nobody can do it now; later somebody may."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Nobody can do this now: try again later."
    default_code = "busy"

    def __init__(self, detail: str, wait: int) -> None:
        super().__init__(detail)
        self.wait = wait


def shape(code: str, message: str, fields: Fields | None = None) -> dict[str, Any]:
    """Return the body of an error."""
    return {"error": {"code": code, "message": message, "fields": fields or {}}}


def flatten(detail: Any, name: str = "") -> Fields:
    """Turn DRF's nested errors into one level: ``preprocessing.mean.0`` → its sentences."""
    if isinstance(detail, dict):
        parts = [(join(name, str(key)), part) for key, part in detail.items()]
    elif isinstance(detail, list) and any(isinstance(part, dict | list) for part in detail):
        parts = [(f"{name}.{place}", part) for place, part in enumerate(detail) if part]
    else:
        sentences = detail if isinstance(detail, list) else [detail]
        return {name or WHOLE: [str(sentence) for sentence in sentences]}
    return {key: value for place, part in parts for key, value in flatten(part, place).items()}


def join(name: str, key: str) -> str:
    """Return the name of a nested field; what is wrong with the whole of it is its own."""
    if not name:
        return key
    return name if key == WHOLE else f"{name}.{key}"


def translate(exc: Exception) -> exceptions.APIException | None:
    """Say in the API's terms what went wrong, or None for a fault of ours."""
    if isinstance(exc, exceptions.APIException):
        return exc
    if isinstance(exc, Http404):
        # The sentence of get_object_or_404 names models, which is no business of a reader.
        return exceptions.NotFound("There is nothing at this address that you may see.")
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied(str(exc) or None)
    if isinstance(exc, RequestDataTooBig):
        return TooLarge()
    if isinstance(exc, TooManyFieldsSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return exceptions.ParseError(f"More than {most:,} parameters or fields: send fewer.")
    if isinstance(exc, TooManyFilesSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return exceptions.ParseError(f"More than {most:,} files: send fewer.")
    return None


def handle(exc: Exception, context: dict[str, Any]) -> Response:
    """Answer an exception in the one shape; a fault of ours is logged and not explained."""
    known = translate(exc)
    if known is None:
        logger.error("Fault in %s", context["request"].path, exc_info=exc)
        body = shape("server_error", "Something went wrong on our side; it has been logged.")
        return Response(body, status=status.HTTP_500_INTERNAL_SERVER_ERROR)
    headers = {}
    if wait := getattr(known, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if challenge := getattr(known, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return Response(body_of(known), status=known.status_code, headers=headers)


def body_of(exc: exceptions.APIException) -> dict[str, Any]:
    """Return the body for one of the API's own exceptions."""
    if not isinstance(exc, exceptions.ValidationError):
        return shape(str(exc.get_codes()), str(exc.detail))
    fields = flatten(exc.detail)
    message = " ".join(fields.pop(WHOLE, [])) or SEE_FIELDS
    return shape("invalid", message, fields)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a service's refusal into a 400 at the right field."""
    try:
        yield
    except DjangoValidationError as error:
        found = error.message_dict if hasattr(error, "error_dict") else {WHOLE: error.messages}
        renamed = {WHOLE if key == "__all__" else key: value for key, value in found.items()}
        raise exceptions.ValidationError(renamed) from error
    except ValueError as error:
        raise exceptions.ValidationError({WHOLE: [str(error)]}) from error


@csrf_exempt  # nothing is done here, and the answer to a POST must keep to the one shape too
def unknown_address(request: HttpRequest) -> JsonResponse:
    """Answer any address below /api/ that does not exist."""
    message = f"There is no address {request.path} in this API: see /api/v1/docs/."
    if not request.path.endswith("/"):
        message += " Addresses end with a slash."
    return JsonResponse(shape("not_found", message), status=404)
