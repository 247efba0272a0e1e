"""What the OpenAPI document says of every operation: who may call it, and what may go wrong."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

from analysis.api.permissions import Readers, ReadersAndResearchers
from analysis.models import Category


class Describe(AutoSchema):
    """Says where a caller needs no token."""

    def get_auth(self) -> list[dict[str, Any]]:
        """Return the ways to prove oneself; an empty one where nobody may read too."""
        ways: list[dict[str, Any]] = super().get_auth()
        open_to_all = ReadersAndResearchers in self.view.permission_classes
        open_to_all = open_to_all and self.method == "GET"
        return [*ways, {}] if open_to_all or Readers in self.view.permission_classes else ways


# What may go wrong anywhere, and with what in the address or the method.
SENTENCES = {
    "400": "A parameter or field is wrong: `fields` says which.",
    "401": "The token is not valid, or none was given where one is needed.",
    "403": "You may not do this.",
    "404": "There is nothing here that you may see.",
    "405": "This address does not know the method.",
    "406": "Only JSON is to be had here.",
    "409": "This contradicts how things stand: `message` says how.",
    "413": "The body is too large.",
    "415": "The body must be of a type that this operation takes.",
    "503": "Nobody can do this now: wait as many seconds as `Retry-After` says.",
    "429": "Too many calls: wait as many seconds as `Retry-After` says.",
}
ALWAYS = ("400", "401", "403", "404", "405", "406", "429")
WITH_BODY = ("413", "415")
SOMETIMES = {"409", "503"}
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}


def add_errors(result: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Describe the errors of every operation: the last step of making the document."""
    keep_order_of_categories(result)
    components = result.setdefault("components", {})
    for name, body in components.get("schemas", {}).items():
        if name.endswith(("BodyRequest", "UploadRequest")):
            body["additionalProperties"] = False  # see bodies: an unknown field is refused
    components.setdefault("schemas", {})["Error"] = ERROR
    components["responses"] = {
        f"Error{status}": {
            "description": sentence,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for status, sentence in SENTENCES.items()
    }
    for status in ("429", "503"):
        components["responses"][f"Error{status}"]["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "seconds to wait"}
        }
    for operations in result["paths"].values():
        for method, operation in operations.items():
            name_errors(method, operation)
    return result


def name_errors(method: str, operation: dict[str, Any]) -> None:
    """Name the errors of one operation."""
    for status in ALWAYS + (WITH_BODY if method == "post" else ()):
        if status == "403" and {} in operation.get("security", ()):
            continue  # nobody is turned away: what he may not see is not there
        operation["responses"].setdefault(status, answer(status))
    for status in SOMETIMES & operation["responses"].keys():
        operation["responses"][status] = answer(status)


def answer(status: str) -> dict[str, str]:
    """Return the reference to the description of an error."""
    return {"$ref": f"#/components/responses/Error{status}"}


def keep_order_of_categories(node: Any) -> None:
    """Put the six levels back in their order wherever the generator sorted them by letter."""
    if isinstance(node, dict):
        if sorted(node.get("enum", ())) == sorted(Category.values):
            node["enum"] = list(Category.values)
        for part in node.values():
            keep_order_of_categories(part)
    elif isinstance(node, list):
        for part in node:
            keep_order_of_categories(part)
