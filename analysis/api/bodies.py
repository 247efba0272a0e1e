"""Bodies of requests: every field written down, and no other taken."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class Body(serializers.Serializer[Any]):
    """A body. A field it does not know is refused, for a typo must not be passed over."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the checked fields."""
        if isinstance(data, Mapping):
            takes = ", ".join(self.fields)
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                sentence = f"There is no such field here; the fields are: {takes}."
                raise serializers.ValidationError({name: [sentence] for name in unknown})
        return super().to_internal_value(data)


class TrueOrFalse(serializers.BooleanField):
    """A field that takes JSON's two words and nothing that somebody may mean by one of them."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the value; 0, "yes" and the like are refused, as the schema says."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


def names(help_text: str) -> serializers.ListField:
    """Return a field that holds a list of names."""
    return serializers.ListField(
        child=serializers.CharField(max_length=80),
        required=False,
        allow_empty=False,
        max_length=10_000,
        help_text=help_text,
    )
