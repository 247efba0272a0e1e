"""Drawing files: bounded in time and size, nothing fetched, the same names of styles everywhere."""

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from django.conf import settings

from analysis.services import figure_files, figure_links, figure_print
from analysis.services.figure_files import CannotDraw, TooBusy, Wanted, drawn
from analysis.services.figure_print import printed
from analysis.services.figure_words import described
from analysis.services.figures import Style
from tests.analysis.test_figures import a_figure

SCRIPT = (Path(settings.BASE_DIR) / "static/js/figure.js").read_text()


def test_names_of_styles_are_the_same_in_python_in_print_and_on_the_page():
    block = re.search(r"\n    style: \{\n(.*?)\n    \},\n", SCRIPT, re.S)[1]
    names = re.findall(r"^      (\w+): \{", block, re.M)
    assert set(names) == set(get_args(Style)) == set(figure_print.STYLES)
    symbols = re.search(r"symbol: (\[.*?\])", SCRIPT)[1]
    assert re.findall(r'"([\w-]+)"', symbols) == list(figure_print.SYMBOLS)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def without_red_and_green(colour):
    """Return linear RGB as a deuteranope sees it (Viénot et al. 1999)."""
    rgb = [(int(colour[i : i + 2], 16) / 255) ** 2.2 for i in (1, 3, 5)]
    matrix = ((0.29275, 0.70725, -0.02978), (0.29275, 0.70725, -0.02978), (-0.02234, 0.02234, 1.0))
    return [sum(a * b for a, b in zip(row, rgb, strict=True)) for row in matrix]


def test_groups_stay_apart_in_black_and_white_and_without_red_and_green():
    groups = list(figure_print.GROUPS.values())
    greys = [116 * luminance(one) ** (1 / 3) - 16 for one in groups]  # CIE lightness, 0 to 100
    assert all(first - second > 9 for first, second in pairwise(greys))
    seen = [without_red_and_green(one) for one in groups]
    for place, one in enumerate(seen):
        for other in seen[place + 1 :]:
            distance = sum((a ** (1 / 2.2) - b ** (1 / 2.2)) ** 2 for a, b in zip(
                [max(0, part) for part in one], [max(0, part) for part in other], strict=True
            ))  # fmt: skip
            assert distance > 0.012


def test_a_printed_figure_needs_nothing_beside_it():
    figure = a_figure()
    figure.spec["layer"][1]["encoding"]["href"] = {"field": "href", "type": "nominal"}
    spec = printed(figure, "net · Unitscope 1")
    [inner] = spec["concat"]
    assert (inner["width"], spec["title"]["text"]) == (figure_print.WIDTH, ["How large?"])
    assert inner["title"]["text"] == ["Counted.", "net · Unitscope 1"]
    assert "href" not in inner["layer"][1]["encoding"]
    assert figure.spec["width"] == "container"  # the page's own is left alone


def test_words_are_read_from_the_drawing():
    assert described(a_figure().spec) == (
        "A drawing of intervals and points. From left to right: Layer, conv10, conv2."
        " From bottom to top: px, values from 10 to 14."
    )
    assert described({"mark": "bar", "encoding": {}}) == "A drawing of bars."


def test_several_are_drawn_at_once_and_an_odd_name_stays_a_name():
    spec = printed(a_figure(), "net <b>&amp;")
    svg, pdf = drawn([Wanted(spec, "svg"), Wanted(spec, "pdf")])
    assert b"net &lt;b&gt;&amp;amp;</desc>" in svg
    assert pdf.startswith(b"%PDF-")


def test_one_waits_and_others_are_told_to_ask_again():
    line = figure_files.drawing
    with line.turn(TooBusy()), line.places, pytest.raises(TooBusy, match="ask again"):
        drawn([Wanted(printed(a_figure(), "not yet"), "svg")])


def test_nothing_is_fetched():
    picture = {"mark": "image", "encoding": {"url": {"value": "http://127.0.0.1:9/a.png"}}}
    for part in (
        {"data": {"url": "http://127.0.0.1:9/rows.json"}},
        {"data": {"url": "file:///etc/hostname"}},
        {"layer": [picture]},
    ):
        spec = printed(a_figure(), "net")
        spec["concat"][0] |= part
        with pytest.raises(CannotDraw, match="nothing is fetched"):
            drawn([Wanted(spec, "svg")])


def test_what_takes_too_long_or_is_too_large_says_what_to_do_instead(monkeypatch):
    spec = printed(a_figure(), "too long")
    with pytest.raises(CannotDraw, match=r"longer than 0 seconds.*take its rows as CSV"):
        drawn([Wanted(spec, "png")], longest=0.01)
    monkeypatch.setattr(figure_files, "LARGEST", 10)
    with pytest.raises(CannotDraw, match=r"MB of points.*take its rows as CSV"):
        drawn([Wanted(spec, "png")])
    assert not figure_files.drawing.at_work.locked()  # whoever failed has let go


def test_drawing_loads_nothing_into_this_process(monkeypatch):
    monkeypatch.delitem(sys.modules, "vl_convert", raising=False)  # reports load it, in a worker
    drawn([Wanted(printed(a_figure(), "loads nothing"), "svg")])
    assert "vl_convert" not in sys.modules


@pytest.mark.parametrize(
    ("concept", "page"),
    [
        ("bed", "/atlas/concepts/bed/"),
        ("pool table", "/atlas/concepts/pool%20table/"),
        ("javascript:alert(1)", "/atlas/concepts/javascript%3Aalert%281%29/"),
        ("//evil.example", "/atlas/concepts/?is=%2F%2Fevil.example"),
        ("سرير", "/atlas/concepts/%D8%B3%D8%B1%D9%8A%D8%B1/"),
        ("..", "/atlas/concepts/?is=.."),
        (" ", ""),
    ],
)
def test_a_concept_is_never_an_address_of_its_own(concept, page):
    assert figure_links.concept_page(concept) == page


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "//evil", "/\\evil", "http://evil/", "", None, 3, "/\t/evil", "data:,"],
)
def test_only_paths_of_this_site_are_linked(address):
    assert figure_links.of_this_site(address) == ""


def test_the_first_of_many_units_are_named():
    assert figure_links.named([3, 1, 4]) == "3, 1, 4"
    assert figure_links.named(list(range(1006))) == "0, 1, 2, 3, 4, 5 and 1,000 more"
