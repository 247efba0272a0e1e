"""Options of a step: declared once, so that terminal, page and API ask for the same things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.services.recipes import RunRefused

Value = str | int | float | bool


@dataclass(frozen=True)
class Option:
    """One thing that may be chosen about a step; ``default`` says its type.

    ``name`` is unique over all steps: `field_images` is the flag --field-images of `analyze`.
    """

    name: str
    words: str
    default: Value
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def kind(self) -> type[Value]:
        """The type of its values."""
        return type(self.default)

    @property
    def flag(self) -> str:
        """Its name in a terminal."""
        return "--" + self.name.replace("_", "-")

    def checked(self, value: Any) -> Value:
        """Return ``value`` if it is one of this option's.

        Raises:
            RunRefused: it is not; says what would be.
        """
        given = float(value) if self.kind is float and type(value) is int else value
        if type(given) is not self.kind:  # bool is an int to isinstance, and not here
            words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
            raise RunRefused(f"{self.name} must be {words[self.kind]}, not {value!r}.")
        if self.choices and given not in self.choices:
            raise RunRefused(f"{self.name} must be one of {', '.join(self.choices)}, not {value}.")
        if not isinstance(given, str) and not self._in_range(given):
            raise RunRefused(f"{self.name} must be {self._range()}, not {value}.")
        return given

    def _in_range(self, value: float) -> bool:
        """Return whether a number lies between the ends; NaN does not."""
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)

    def _range(self) -> str:
        """Return the ends in words."""
        if self.most is None:
            return f"at least {self.least}"
        return f"at most {self.most}" if self.least is None else f"{self.least} to {self.most}"


def filled(step: str, asks: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Value]:
    """Return a value for everything that ``step`` asks: what was given, else the default.

    Raises:
        RunRefused: a name that the step does not know, or a value that is none of the option's.
    """
    known = {option.name: option for option in asks}
    for name in given:
        if name not in known:
            has = f"its options are: {', '.join(known)}" if known else "it has none"
            raise RunRefused(f"The step {step} has no option {name!r}; {has}.")
    return {
        name: option.checked(given[name]) if name in given else option.default
        for name, option in known.items()
    }
