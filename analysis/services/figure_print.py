"""How figures look in files: for paper, for colour-blind eyes, and in black and white.

The page draws the same Vega-Lite in its own colours (`static/js/figure.js`). Both fill in the
names of `services/figures.Style`, and a test compares the three lists.
"""

from collections.abc import Iterator
from copy import deepcopy
from textwrap import wrap
from typing import Any

from analysis.models import Category
from analysis.services.figures import SCHEMA, Figure, Spec, Style

WIDTH = 640  # of the drawing itself, in px of 1/72 inch
LETTERS = 112  # that a line of small words has room for
HEAD_LETTERS = 78  # the same of the title
# The drawing library brings Liberation Sans with it, so that files are alike on every machine.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
INK, MUTED, LINE = "#1c1e22", "#55534d", "#dcdad3"
# Low to high level, in the hues of the page, but each clearly darker than the one before: apart
# in print without colours too. A thin edge holds the lightest on white paper.
GROUPS = dict(
    zip(
        Category.values,
        ("#fae0b4", "#b6cc7c", "#4ea896", "#2670a5", "#463a92", "#280430"),
        strict=True,
    )
)
# Of measures side by side: dark, light, between; shapes tell points apart as well.
MEASURES = ("#1d4f7c", "#e0a53d", "#2f9c8f", "#6d2f74", "#b5cf82", "#7a7872")
SYMBOLS = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
STYLES: dict[Style, Spec] = {
    "observed": {"color": MEASURES[0], "opacity": 1},
    "reference": {"color": MUTED, "strokeDash": [5, 4]},
    "published": {"color": MUTED, "strokeWidth": 2, "opacity": 1},
    "label": {"color": INK, "fontSize": 11, "baseline": "bottom", "dy": -6},
    "interval": {"color": INK, "strokeWidth": 1.2},
    "halo": {"color": "#ffffff", "strokeWidth": 4, "opacity": 0.85},
}


def config() -> Spec:
    """Return the configuration that files are drawn with."""
    words = {"labelColor": INK, "titleColor": INK, "labelFont": FONT, "titleFont": FONT}
    sizes = {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal"}
    lines = {"gridColor": LINE, "domainColor": MUTED, "tickColor": MUTED}
    title = {"anchor": "start", "frame": "group", "color": INK, "font": FONT, "fontSize": 15}
    return {
        "background": "white",
        "font": FONT,
        "padding": 12,
        "view": {"stroke": None},
        "axis": {**words, **sizes, **lines, "labelLimit": 240},
        "axisX": {"labelAngle": 0, "labelOverlap": True, "labelLimit": 160},
        "legend": {**words, **sizes, "orient": "top", "direction": "horizontal", "labelLimit": 320},
        "header": {**words, **sizes},
        "title": title | {"subtitleFont": FONT, "subtitleColor": INK, "subtitleFontSize": 12},
        "text": {"color": INK, "font": FONT, "fontSize": 11},
        "range": {
            "category": list(MEASURES),
            "ordinal": list(GROUPS.values()),
            "symbol": list(SYMBOLS),
        },
        "bar": {"color": MEASURES[0], "stroke": INK, "strokeWidth": 0.4},
        "point": {"size": 60},
        "tick": {"bandSize": 18, "thickness": 1.5},
        "style": dict(STYLES),
    }


def printed(figure: Figure, origin: str) -> Spec:
    """Return a figure as Vega-Lite that needs nothing beside it.

    Above the drawing stand question and answer, below it what the numbers are if they are not
    measured on real things, how they were counted, and ``origin``: where they come from.
    """
    inner = deepcopy(figure.spec)
    inner.pop("$schema", None)
    if inner.get("width") == "container":  # a file has no page to fill
        inner["width"] = WIDTH
    for part in _parts(inner):
        part.get("encoding", {}).pop("href", None)  # leads nowhere from a file
    foot = [*wrap(figure.method, LETTERS), *wrap(origin, LETTERS)]
    inner["title"] = {
        "text": [*(wrap(f"Note: {figure.note}.", LETTERS) if figure.note else []), *foot],
        "orient": "bottom",
        "anchor": "start",
        "offset": 14,
        "color": MUTED,
        "fontSize": 10,
        "fontWeight": "normal",
        "lineHeight": 13,
    }
    head = {"text": wrap(figure.question, HEAD_LETTERS), "subtitle": _answer(figure)}
    return {
        "$schema": SCHEMA,
        "title": head,
        "description": f"{figure.alternative} {_note(figure)}{origin}",
        "concat": [inner],
        "config": config(),
        "usermeta": {"unitscope": {"figure": figure.name, "note": figure.note, "source": origin}},
    }


def _answer(figure: Figure) -> list[str]:
    return wrap(figure.answer, LETTERS - 10)


def _note(figure: Figure) -> str:
    return f"{figure.note[:1].upper()}{figure.note[1:]}. " if figure.note else ""


def _parts(spec: Spec) -> Iterator[Spec]:
    """Give a drawing and all drawings in it."""
    yield spec
    inside: list[Any] = [spec["spec"]] if "spec" in spec else []
    for name in ("layer", "concat", "hconcat", "vconcat"):
        inside += spec.get(name, [])
    for part in inside:
        yield from _parts(part)
