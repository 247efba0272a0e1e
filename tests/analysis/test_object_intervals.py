"""Intervals and p of all correlations of objects, in plain loops from the exported tables.

Nothing of the project is used but what docs/objects.md says: which numbers are drawn, in order.
"""

import csv
import io
import itertools
import math

import numpy as np
import pytest

from analysis.services import statistics
from analysis.services.objects import Wanted
from tests.analysis.counted import a_counted_run, finished
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ROUNDS = 2000
UNITS = {"conv1": ["bed", "bed", "floor"], "conv2": ["bed", "oven", "oven", "lamp", "floor"]}


@pytest.fixture
def wanted(settings, tmp_path):
    """Named units of a network, and rooms with masks that a run of another one has counted."""
    settings.MEDIA_ROOT = tmp_path / "media"
    network = rows.network("net", channels=5)
    for layer, concepts in UNITS.items():
        for channel, concept in enumerate(concepts):
            rows.label(rows.unit(network, layer, channel), concept)
    images = finished(a_counted_run(tmp_path, given={"least_scene": 4})).image_set
    return Wanted(network, "people", images)


def exported(name, wanted):
    table = statistics.of_objects(wanted, statistics.OF_OBJECTS[name])
    return list(csv.DictReader(io.StringIO(b"".join(statistics.as_csv(table)).decode())))


def pearson(x, y):
    """Pearson's r; None of what is constant."""
    if len(set(x)) == 1 or len(set(y)) == 1:
        return None
    mean, other = sum(x) / len(x), sum(y) / len(y)
    both = sum((a - mean) * (b - other) for a, b in zip(x, y, strict=True))
    return both / math.sqrt(sum((a - mean) ** 2 for a in x) * sum((b - other) ** 2 for b in y))


def ranks(x):
    return [sum(a < b for a in x) + (sum(a == b for a in x) + 1) / 2 for b in x]


def spearman(x, y):
    return pearson(ranks(x), ranks(y))


def kendall(x, y):
    """Tau-b, pair by pair."""
    pairs = itertools.combinations(zip(x, y, strict=True), 2)
    ways = [((a > c) - (a < c), (b > d) - (b < d)) for (a, b), (c, d) in pairs]
    untied = [sum(way[place] != 0 for way in ways) for place in (0, 1)]
    return sum(a * b for a, b in ways) / math.sqrt(math.prod(untied)) if all(untied) else None


OF = {"pearson": pearson, "spearman": spearman, "kendall": kendall}


def correlated(name, x, y, z=None):
    """A correlation, or what is left of it after z; None where there is none."""
    if z is None:
        return OF[name](x, y)
    found = [OF[name](*pair) for pair in ((x, y), (x, z), (y, z))]
    if None in found:
        return None
    left = (1 - found[1] ** 2) * (1 - found[2] ** 2)
    return (found[0] - found[1] * found[2]) / math.sqrt(left) if left > 1e-12 else None


def quantile(values, share):
    at = share * (len(values) - 1)
    below = math.floor(at)
    above = min(below + 1, len(values) - 1)
    return values[below] + (at - below) * (values[above] - values[below])


def test_intervals_and_p_are_those_of_plain_loops(wanted):
    there = [row for row in exported("objects", wanted) if not row["layer"] and int(row["images"])]
    told, partial = exported("correlations", wanted), 0
    known = {}
    for counted in ("all", "named"):
        own = [row for row in there if counted == "all" or int(row["units"])]
        chance = np.random.default_rng(0)
        orders = [chance.permutation(len(own)).tolist() for _ in range(ROUNDS)]
        known[counted] = own, orders, chance.integers(0, len(own), (ROUNDS, len(own))).tolist()
    for row in told:
        own, orders, drawn = known[row["counted"]]
        names = [name for name in ("units", row["measure"], row["given"]) if name]
        columns = [[float(one[name]) for one in own] for name in names]
        value = correlated(row["coefficient"], *columns)
        if value is None:
            assert (row["value"], row["low"], row["high"], row["p"]) == ("", "", "", "")
            continue
        assert float(row["value"]) == pytest.approx(value, abs=1e-9)
        resampled = [
            correlated(row["coefficient"], *([one[at] for at in some] for one in columns))
            for some in drawn
        ]
        sure = sorted(one for one in resampled if one is not None)
        ends = quantile(sure, 0.025), quantile(sure, 0.975)
        assert (float(row["low"]), float(row["high"])) == pytest.approx(ends, abs=1e-9)
        if row["given"]:
            partial += 1
            assert row["p"] == ""
            continue
        dealt = [
            correlated(row["coefficient"], [columns[0][at] for at in order], columns[1])
            for order in orders
        ]
        far = sum(abs(one) >= abs(value) - 1e-12 for one in dealt)
        assert float(row["p"]) == pytest.approx((1 + far) / (1 + ROUNDS))
    assert 0 < partial < len(told)
    assert {len(own) for own, *_ in known.values()} == {4, 5}
