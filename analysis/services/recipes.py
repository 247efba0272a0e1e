"""The recipe of a run: everything that decides its results, and nothing else."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

# Raise this when the same parameters give other bytes than before.
VERSION = 1
PRECISIONS = ("float32", "bfloat16", "float16")
LARGEST_TOP = 1000


class RunRefused(ValueError):
    """A run that cannot be made, stopped or deleted; the sentence says what to do."""


@dataclass(frozen=True)
class Recipe:
    """Network × image set × layers × parameters.

    ``network`` and ``image_set`` are fingerprints of the content; the slugs stand beside them
    because the rows of a run belong to one registered network. ``modules`` are the modules of
    ``layers``, in the same order. ``batch`` and ``shard`` (in images) belong to the recipe
    because sums are rounded differently in other groupings; the device does not, the run
    records it. ``options`` are those of the steps that have any, complete with defaults; a
    recipe without any does not spell them, so that older keys stay.
    """

    network: str
    network_slug: str
    image_set: str
    image_set_slug: str
    layers: tuple[str, ...]
    modules: tuple[str, ...]
    top: int
    steps: tuple[str, ...]
    precision: str
    shard: int
    batch: int = 32
    low: int = 12
    seed: int = 0
    version: int = VERSION
    options: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as a run stores it."""
        return json.loads(self.canonical())  # type: ignore[no-any-return]

    def canonical(self) -> str:
        """Return the one spelling of this recipe: sorted keys, no blanks, ASCII only."""
        parts = asdict(self)
        if not self.options:
            del parts["options"]
        return json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @property
    def key(self) -> str:
        """The run's key: sha256 of the canonical spelling, 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical().encode("ascii")).hexdigest()

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Recipe":
        """Return the recipe that ``stored`` spells; raise ValueError for unknown parts."""
        try:
            lists = {name: tuple(stored[name]) for name in ("layers", "modules", "steps")}
            return cls(**{**stored, **lists})
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is not the recipe of a run: {error}") from error
