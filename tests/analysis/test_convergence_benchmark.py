"""The replay of an exact run stops where a run that is not exact has stopped."""

import json

import pytest

from analysis.models import ReceptiveField
from benchmarks import convergence
from tests.analysis.test_locate import located, net, rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
__all__ = ["net", "rows"]  # fixtures


def test_the_replay_ends_with_the_fields_of_a_run_that_stopped_by_itself(rows):
    exact, early = located(rows, exact=True), located(rows)
    assert convergence.run_of("") == exact
    assert convergence.run_of(early.key) is None
    found = convergence.replayed(exact)
    stopped = ReceptiveField.objects.filter(run=early, problem="").order_by("unit")
    assert [one.size for one in found] == [row.size for row in stopped]
    assert [one.images for one in found] == [row.images for row in stopped]
    whole = ReceptiveField.objects.filter(run=exact, problem="").order_by("unit")
    assert [one.exact for one in found] == [row.size for row in whole]
    assert all(0 < one.places <= 1 for one in found)
    told = convergence.told(found)
    assert json.loads(json.dumps(told))["units"] == len(stopped)
    assert 0 <= told["error_median"] <= told["error_90"] <= told["error_most"]


def test_without_an_exact_run_there_is_nothing_to_replay(rows):
    located(rows)
    assert convergence.run_of("") is None
