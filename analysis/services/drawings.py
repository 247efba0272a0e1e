"""Drawings made on the server: Vega-Lite to SVG and PDF, in the look that the pages have.

The library lives in workers and commands only: it takes 150 MB, which no web process should pay.
"""

import re
from copy import deepcopy

from analysis.services.figure_print import FONT, SYMBOLS
from analysis.services.figures import Spec

WIDTH = 720  # CSS pixels, where a drawing takes whatever width there is
# The tokens of static/css/base.css by name: light, and dark.
TOKENS: dict[str, tuple[str, str]] = {
    "raised": ("#ffffff", "#1e2125"),
    "line": ("#dcd9cf", "#33373d"),
    "ink": ("#22242a", "#ebe9e3"),
    "muted": ("#5f5d56", "#a9a79f"),
    "accent": ("#1d4f7c", "#8fbbe8"),
    "simple": ("#b27b0f", "#fdcd9e"),
    "texture": ("#269259", "#b0d270"),
    "region": ("#05786f", "#15c9b9"),
    "part": ("#06598d", "#4ba2e5"),
    "object": ("#3e3283", "#807ad2"),
    "scene": ("#4e0b53", "#9a579e"),
}
_INKS = {light: name for name, (light, _) in TOKENS.items()}
_INK = re.compile("|".join(_INKS), re.IGNORECASE)
# Names within a drawing, counted up by the library for as long as a process lives.
_NAME = re.compile(r'(?<=id=")[a-z]+[0-9]+(?=")')


def draw_svg(spec: Spec, width: int = WIDTH) -> str:
    """Return a drawing as SVG in the colours of the light look; the same bytes at any time.

    Raises:
        ValueError: it is no Vega-Lite that can be drawn.
    """
    import vl_convert  # late: see above

    wide = deepcopy(spec) | ({"width": width} if spec.get("width") == "container" else {})
    svg = vl_convert.vegalite_to_svg(wide, vl_version="6.4", config=look(), allowed_base_urls=[])
    return _renamed(str(svg))


def svg_to_pdf(svg: str) -> bytes:
    """Return an SVG as a PDF of one page, with its text as text."""
    import vl_convert  # late: see above

    return bytes(vl_convert.svg_to_pdf(svg))


def in_any_light(svg: str, prefix: str) -> str:
    """Return a drawing to stand in a page: its colours are the page's tokens, its names its own.

    ``prefix`` keeps the names of several drawings of one page apart.
    """
    # The page tells what the drawing is; parts that tell it again are empty words to a reader.
    plain = re.sub(r' (role|aria-label|aria-roledescription)="[^"]*"', "", svg)
    named = re.sub(r'(id="|url\(#)', rf"\g<1>{prefix}-", plain)
    return _INK.sub(lambda found: f"var(--{_INKS[found[0].lower()]})", named)


def _renamed(svg: str) -> str:
    """Count the names within a drawing from 0."""
    for place, name in enumerate(dict.fromkeys(_NAME.findall(svg))):
        svg = re.sub(rf'(id="|url\(#){name}(?=["\)])', rf"\g<1>part-{place}", svg)
    return svg


def look() -> Spec:
    """Return what the names of styles in drawings look like, as static/js/figure.js has it."""
    # Not `figure_print.config`: every colour must be a token, so that a page exchanges it for the
    # dark one; that of files is for paper alone. They share no colour and no size.
    ink, muted, line, accent = (TOKENS[name][0] for name in ("ink", "muted", "line", "accent"))
    words = {"labelColor": muted, "titleColor": muted, "labelFont": FONT, "titleFont": FONT}
    sizes = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    lines = {"gridColor": line, "domainColor": line, "tickColor": line, "labelLimit": 240}
    category = ("accent", "simple", "region", "scene", "texture", "object")
    ordinal = ("simple", "texture", "region", "part", "object", "scene")
    return {
        "background": None,
        "font": FONT,
        "padding": 4,
        "view": {"stroke": None},
        "axis": {**words, **sizes, **lines},
        "axisX": {"labelAngle": 0, "labelOverlap": True},
        "legend": {**words, **sizes, "orient": "top", "direction": "horizontal", "labelLimit": 320},
        "header": {**words, **sizes},
        "text": {"color": ink, "font": FONT, "fontSize": 12},
        "range": {
            "category": [TOKENS[name][0] for name in category],
            "ordinal": [TOKENS[name][0] for name in ordinal],
            "symbol": list(SYMBOLS),
        },
        "bar": {"color": accent},
        "point": {"size": 70},
        "tick": {"bandSize": 18, "thickness": 1.5},
        "style": {
            "observed": {"color": accent, "opacity": 1},
            "reference": {"color": muted, "strokeDash": [5, 4]},
            "published": {"color": muted, "strokeWidth": 2, "opacity": 1},
            "label": {"color": ink, "font": FONT, "fontSize": 12, "baseline": "bottom", "dy": -6},
            "interval": {"color": muted, "strokeWidth": 1.5},
            "halo": {"color": TOKENS["raised"][0], "strokeWidth": 4.5, "opacity": 0.85},
        },
    }
