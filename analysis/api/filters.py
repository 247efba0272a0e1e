"""Filters: each one written down, none made from what the caller types."""

from typing import Any

import django_filters
from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import NotFound

from analysis.api.permissions import readable_networks
from analysis.models import State

TEXT = {"type": "string", "minLength": 1}
MOST_PIXELS = 10_000


def described(made: Any, schema: dict[str, Any], description: str) -> Any:
    """Tell the schema what a filter takes."""
    return extend_schema_field({**schema, "description": description})(made)


class YesNo(django_filters.TypedChoiceFilter):  # type: ignore[misc]
    """``true`` or ``false``; anything else is refused rather than ignored."""

    def __init__(self, **more: Any) -> None:
        """Take the two words as choices."""
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda word: word == "true", **more)


class NetworkFilter(django_filters.CharFilter):  # type: ignore[misc]
    """The slug of a network. One that does not exist or may not be seen is said to be missing."""

    def filter(self, queryset: QuerySet[Model], value: str) -> QuerySet[Model]:
        """Keep the rows of one network."""
        if not value:
            return queryset
        found = readable_networks(self.parent.request).filter(slug=value).values_list("pk").first()
        if found is None:
            raise NotFound(f"There is no network called {value!r} that you may see.")
        return queryset.filter(**{self.field_name: found[0]})


def network(field_name: str) -> NetworkFilter:
    """Return the filter by network."""
    made = NetworkFilter(field_name=field_name)
    described(made, TEXT, "slug of a network")
    return made


def text(description: str, **more: Any) -> django_filters.CharFilter:
    """Return a filter by text."""
    return described(django_filters.CharFilter(**more), TEXT, description)


def choice(field_name: str, choices: Any, description: str) -> django_filters.ChoiceFilter:
    """Return a filter by one of a few words."""
    made = django_filters.ChoiceFilter(field_name=field_name, choices=choices.choices)
    return described(made, {"type": "string", "enum": choices.values}, description)


def state() -> django_filters.ChoiceFilter:
    """Return the filter by state."""
    return choice("state", State, "where it stands")


def yes_no(field_name: str, description: str) -> YesNo:
    """Return a filter by yes or no."""
    made = YesNo(field_name=field_name)
    described(made, {"type": "boolean"}, description)
    return made


def share(description: str) -> django_filters.NumberFilter:
    """Return a filter by a number from 0 to 1."""
    made = django_filters.NumberFilter(min_value=0, max_value=1)
    return described(made, {"type": "number", "minimum": 0, "maximum": 1}, description)


def pixels(description: str) -> django_filters.NumberFilter:
    """Return a filter by a length in pixels."""
    made = django_filters.NumberFilter(min_value=0, max_value=MOST_PIXELS)
    schema = {"type": "number", "minimum": 0, "maximum": MOST_PIXELS}
    return described(made, schema, description)


class ApiFilterSet(django_filters.rest_framework.FilterSet):  # type: ignore[misc]
    """A set of declared filters."""
