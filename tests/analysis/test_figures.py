"""Figures as data: cells of every kind, drawings without a colour of their own."""

import json
import re

import pytest
import vl_convert

from analysis.services.figures import (
    Column,
    Figure,
    apart,
    channel,
    drawing,
    mark,
    ordered,
    whiskers,
    whole_numbers,
)

ROWS = [
    {"layer": "conv10", "size": 12.345, "low": 10.0, "high": 14.0, "n": 1200},
    {"layer": "conv2", "size": None, "low": None, "high": None, "n": 0},
]


def a_figure():
    place = {"x": ordered("layer", "Layer", ("conv10", "conv2"))}
    return Figure(
        name="sizes",
        question="How large?",
        answer="So large.",
        spec=drawing(
            ROWS,
            whiskers("low", "high", place),
            mark("point", place | {"y": channel("size", "px")}, "published"),
        ),
        columns=(Column("layer", "Layer"), Column("size", "Size", 1), Column("n", "Units")),
        rows=ROWS,
        method="Counted.",
    )


def test_cells_say_what_is_known_and_stand_under_one_another_where_they_are_numbers():
    first, second = a_figure().table
    assert first == [("conv10", False), ("12.3", True), ("1,200", True)]
    assert a_figure().head == [("Layer", False), ("Size", True), ("Units", True)]
    assert second == [("conv2", False), ("–", True), ("0", True)]  # a dash below numbers is one


def test_a_small_p_is_not_written_as_none():
    column = Column("p", "p", 4, least=0.0001)
    told = [column.cell({"p": p}) for p in (0.00004, 0.0, 0.0001, 0.25, None)]
    assert told == ["<\u00a00.0001", "<\u00a00.0001", "0.0001", "0.2500", "–"]


def test_a_minus_is_no_hyphen_and_nothing_has_no_sign():
    column = Column("size", "Size", 1)
    told = [column.cell({"size": size}) for size in (-0.5, -0.04, 0.04)]
    assert told == ["\u22120.5", "0.0", "0.0"]


def test_a_drawing_keeps_the_order_given_and_goes_from_low_to_high():
    rule, point = a_figure().spec["layer"]
    assert rule["encoding"]["y"]["field"] == "low"
    assert rule["encoding"]["y2"] == {"field": "high"}
    assert rule["encoding"]["x"]["sort"] == ["conv10", "conv2"]
    assert point["mark"] == {"type": "point", "style": "published", "filled": False}


def test_colours_and_shapes_have_one_legend():
    """A domain that is sorted, not said, has two of them in files."""
    places = apart("kind", dict.fromkeys(["disc", "own", "disc"]), "stamped with")
    scales = [place.pop("scale") for place in places.values()]
    assert [scale["domain"] for scale in scales] == [["disc", "own"]] * 2
    assert places["color"] == places["shape"]
    assert "sort" not in places["color"]


def test_a_drawing_holds_no_colour_and_leaves_its_rows_alone():
    spec = a_figure().spec
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb\(", json.dumps(spec))
    spec["data"]["values"][0]["size"] = 0
    assert ROWS[0]["size"] == 12.345


@pytest.mark.parametrize("most", [1, 2, 3])
def test_an_axis_of_whole_things_has_no_halves_in_files_either(most):
    rows = [{"layer": "conv1", "units": most}]
    place = {"x": ordered("layer"), "y": whole_numbers("units", "units", most)}
    svg = vl_convert.vegalite_to_svg(drawing(rows, mark("bar", place)))
    steps = re.findall(r'<text[^>]*text-anchor="end"[^>]*>([^<]*)</text>', svg)
    assert steps == ["conv1", *map(str, range(most + 1))]
