"""What a drawing shows, in words: for who cannot see it, and for who finds the file later.

Read from the Vega-Lite itself, so that the words cannot differ from what is drawn.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Spec = Mapping[str, Any]
# What stands in a drawing, in the order in which it is told.
KINDS = {"bar": "bars", "line": "lines", "area": "areas", "rect": "tiles", "point": "points"}
KINDS |= {"circle": "points", "tick": "strokes", "rule": "intervals"}
ALONG = {"x": "From left to right", "y": "From bottom to top"}
MARKED = ("color", "fill", "shape", "size")
NAMES = ("ordinal", "nominal")  # kinds of columns that hold names, not numbers
NAMED = 8  # names of one scale that are told; of more the first and the last


def described(spec: Spec) -> str:
    """Return what kind of chart it is, what its axes are and how far they go, in sentences."""
    layers = list(_layers(spec))
    kinds = dict.fromkeys(KINDS[kind] for kind in map(_kind, layers) if kind in KINDS)
    told = [f"A drawing of {_listed(list(kinds))}." if kinds else "A drawing."]
    told += [
        f"{words}: {_axis(layers, place)}."
        for place, words in ALONG.items()
        if _axis(layers, place)
    ]
    told += list(dict.fromkeys(_colours(layers)))
    return " ".join(told)


def _layers(spec: Spec, rows: Any = None) -> Iterator[Spec]:
    """Give the single layers of a drawing, each with the rows that it draws."""
    rows = spec.get("data", {}).get("values", rows)
    parts = [
        part for name in ("layer", "concat", "hconcat", "vconcat") for part in spec.get(name, ())
    ]
    parts += [spec["spec"]] if "spec" in spec else []
    if "encoding" in spec and "mark" in spec:
        yield {**spec, "rows": rows or []}
    for part in parts:
        yield from _layers(part, rows)


def _kind(layer: Spec) -> str:
    """Return the kind of mark; a rule across the whole drawing is a line."""
    mark = layer["mark"]
    kind = str(mark["type"] if isinstance(mark, Mapping) else mark)
    ends = {"x2", "y2"} & set(layer["encoding"])
    return "line" if kind == "rule" and not ends else kind


def _axis(layers: Iterable[Spec], place: str) -> str:
    """Return what an axis says and how far its values go; nothing where there is no such axis."""
    title, values, names = "", list[float](), dict[str, None]()
    per_cent = False
    for layer in layers:
        for end in (place, f"{place}2"):
            channel = layer["encoding"].get(end, {})
            title = title or channel.get("title") or ""
            per_cent |= "%" in str((channel.get("axis") or {}).get("format", ""))
            found = [row.get(channel.get("field")) for row in layer["rows"]]
            if channel.get("type") in NAMES:
                names |= dict.fromkeys(
                    channel.get("sort") or (str(one) for one in found if one is not None)
                )
            else:
                values += [one for one in found if isinstance(one, int | float)]
    if names:
        return _with(title, _some(list(names)))
    if not values:
        return title
    low, high = (f"{end:.0%}" if per_cent else f"{end:.4g}" for end in (min(values), max(values)))
    return _with(title, f"values from {low} to {high}")


def _colours(layers: Iterable[Spec]) -> Iterator[str]:
    """Give what colours, shapes and sizes stand for."""
    for layer in layers:
        for channel in (layer["encoding"].get(name, {}) for name in MARKED):
            if channel.get("type") in NAMES:
                seen = (str(row.get(channel.get("field"))) for row in layer["rows"])
                names = _some(list(channel.get("sort") or dict.fromkeys(seen)))
                yield f"Told apart: {_with(channel.get('title') or '', names)}."


def _some(names: list[Any]) -> str:
    if len(names) <= NAMED:
        return ", ".join(map(str, names))
    return f"{len(names)} from {names[0]} to {names[-1]}"


def _with(title: str, rest: str) -> str:
    return f"{title}, {rest}" if title else rest


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
