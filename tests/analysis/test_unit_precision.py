"""Sorted precision and numbers of groups against a slow count from the exported rows."""

import csv
import io
import math

import pytest

from analysis.models import Network
from analysis.services import figure_pages, statistics
from analysis.services.figures import Missing
from analysis.services.meanings import Wanted
from analysis.services.unit_precision import POINTS, _spaced
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def network():
    """Two layers of seven units: precisions 0.3, 0.4 … with a tie; one unit has none."""
    made = rows.network("net", public=True, channels=7)
    for place, layer in enumerate(("conv1", "conv2")):
        for channel in range(7):
            precision = None if channel == 6 else 0.1 * (3 + place + channel - (channel == 5))
            group = "object" if channel % 2 else "scene"
            rows.label(rows.unit(made, layer, channel), category=group, precision=precision)
    return made


def exported(network, name):
    table = statistics.of_labels(
        Wanted(network, "people", threshold=0.5), statistics.OF_LABELS[name]
    )
    return list(csv.DictReader(io.StringIO(b"".join(statistics.as_csv(table)).decode())))


def figures(network, **asked):
    found = figure_pages.figures("meanings", network, {"threshold": "0.5", "by": "unit"} | asked)
    return {one.name: one for one in found if not isinstance(one, Missing)}


def test_the_table_is_recomputed_from_the_exported_units(network):
    told = exported(network, "unit-precision")
    for row in figures(network)["sorted"].rows:
        known = [float(one["precision"]) for one in told if one["layer"] == row["layer"]]
        assert row["units"] == len(known) == 6
        known.sort(reverse=True)
        for name, share in (("tenth", 0.1), ("half", 0.5), ("nearly", 0.9)):
            enough = next(p for p in known if sum(q >= p for q in known) >= math.ceil(share * 6))
            assert row[name] == pytest.approx(enough)
        assert row["above"] == sum(precision > 0.5 for precision in known)
    of_first = [one for one in told if one["layer"] == "conv1"]
    assert [(one["rank"], one["of"]) for one in of_first] == [(str(n), "6") for n in range(1, 7)]
    tied = [one["channel"] for one in of_first if float(one["precision"]) == pytest.approx(0.7)]
    assert tied == ["4", "5"]


def test_numbers_and_the_whole_network_are_recomputed_from_the_exported_shares(network):
    told = [row for row in exported(network, "categories") if row["counted_by"] == "unit"]
    figure = figures(network)["counts"]
    *layers, whole = figure.rows
    for row in layers:
        for group in ("object", "scene", "part"):
            [one] = [r for r in told if (r["layer"], r["category"]) == (row["layer"], group)]
            assert row[group] == int(one["number"])
    assert whole["layer"] == "all layers"
    for name in ("of", "object", "scene"):
        assert whole[name] == sum(row[name] for row in layers)
    assert figure.answer == "Of 7 units above 0.5 in all layers most are: 4 object, 3 scene."


def test_what_cannot_be_counted_says_why(network):
    found = figure_pages.figures("meanings", network, {"threshold": "1", "by": "unit"})
    assert [type(one) for one in found][1] is Missing
    assert "lower the threshold" in found[1].why
    rows.network("other", layers=("a",))
    machine = rows.unit(Network.objects.get(slug="other"), "a")
    rows.label(machine, source="machine", category="", precision=None, answers=0)
    found = figure_pages.figures("meanings", machine.layer.network, {})
    assert "No label has a precision" in found[3].why


def test_many_points_are_spaced_evenly_with_both_ends():
    some = _spaced(list(range(1000)), POINTS)
    assert (len(some), some[0], some[-1]) == (POINTS, 0, 999)
    assert _spaced([1, 2], POINTS) == [1, 2]
