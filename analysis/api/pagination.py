"""Pages that do not drift: each begins after the last row of the one before, not at a number."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.db.models import DateTimeField, Model, Q
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

if TYPE_CHECKING:
    # Late, for DRF reads the settings that name this module while it makes that class.
    from rest_framework.views import APIView

DEFAULT, MOST = 50, 200
SALT = "api-cursor"
PARAMETERS = frozenset({"cursor", "limit", "ordering"})


class Keyset(BasePagination):
    """Keyset pagination: ``WHERE (field, pk) > (last field, last pk) ORDER BY field, pk``.

    The view names its orderings (``orderings``, the first is the default); the primary key makes
    each of them total. Rows that come or go elsewhere never shift a page. The cursor is signed:
    it can hold nothing that we did not write.
    """

    def paginate_queryset(
        self, queryset: Any, request: Request, view: "APIView | None" = None
    ) -> list[Any]:
        """Return one page, and remember where the next one begins."""
        self.request = request
        self.allowed: tuple[str, ...] = view.orderings  # type: ignore[union-attr]
        ordering = self.ordering(request)
        limit = self.limit(request)
        field, descending = ordering.lstrip("-"), ordering.startswith("-")
        if cursor := request.query_params.get("cursor"):
            queryset = queryset.filter(self.beyond(queryset.model, cursor, ordering))
        sign = "-" if descending else ""
        rows = list(queryset.order_by(f"{sign}{field}", f"{sign}pk")[: limit + 1])
        self.next_cursor = None
        if len(rows) > limit:
            rows = rows[:limit]
            self.next_cursor = self.cursor(rows[-1], ordering)
        return rows

    def ordering(self, request: Request) -> str:
        """Return the order asked for, one of the view's own."""
        wanted = request.query_params.get("ordering", self.allowed[0])
        if wanted not in self.allowed:
            sentence = f"{wanted!r} is no ordering here: take one of {', '.join(self.allowed)}."
            raise ValidationError({"ordering": [sentence]})
        return wanted

    def limit(self, request: Request) -> int:
        """Return the number of rows asked for."""
        wanted = request.query_params.get("limit", str(DEFAULT))
        if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= MOST):
            raise ValidationError({"limit": [f"{wanted!r} is no number from 1 to {MOST}."]})
        return int(wanted)

    def cursor(self, row: Model, ordering: str) -> str:
        """Return the text that says: after this row, in this order."""
        value = getattr(row, ordering.lstrip("-"))
        if isinstance(value, datetime):
            value = value.isoformat()
        return signing.dumps([ordering, value, row.pk], salt=SALT)

    def beyond(self, model: type[Model], cursor: str, ordering: str) -> Q:
        """Return the condition for the rows after the cursor."""
        try:
            made_for, value, pk = signing.loads(cursor, salt=SALT)
        except signing.BadSignature:
            raise NotFound("This cursor is not one of ours: begin without one.") from None
        if made_for != ordering:
            raise NotFound(f"This cursor is for the ordering {made_for!r}: begin without one.")
        name = ordering.lstrip("-")
        way = "lt" if ordering.startswith("-") else "gt"
        if name == "pk":
            return Q(**{f"pk__{way}": pk})
        if isinstance(model._meta.get_field(name), DateTimeField):
            value = datetime.fromisoformat(value)
        return Q(**{f"{name}__{way}": value}) | Q(**{name: value, f"pk__{way}": pk})

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page and the address of the next one."""
        address = None
        if self.next_cursor:
            here = self.request.build_absolute_uri()
            address = replace_query_param(here, "cursor", self.next_cursor)
        return Response({"next": address, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page."""
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "format": "uri",
                    "nullable": True,
                    "example": "https://unitscope.example/api/v1/units/?cursor=WyJwayIsN…",
                    "description": "address of the next page, null on the last",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        """Describe the parameters."""
        orderings: tuple[str, ...] = view.orderings  # type: ignore[attr-defined]
        return [
            {
                "name": "cursor",
                "in": "query",
                "description": "where to go on: take it from `next`",
                "schema": {"type": "string", "minLength": 1},
            },
            {
                "name": "limit",
                "in": "query",
                "description": "rows in a page",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT},
            },
            {
                "name": "ordering",
                "in": "query",
                "description": "the order of the rows",
                "schema": {"type": "string", "enum": orderings, "default": orderings[0]},
            },
        ]
