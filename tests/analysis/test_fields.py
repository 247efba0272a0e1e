"""Stored fields: the paper's table, the maps of units, the masks that are stamped."""

import statistics

import numpy as np
import pytest
from django.db import IntegrityError

from analysis.core.discrepancy import measured
from analysis.models import ReceptiveField
from analysis.services import fields, files
from tests.analysis.made import a_run

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run(steps):
    """A run of two layers with eight units each."""
    return a_run()


def hill(half, side=21):
    y, x = np.mgrid[: 2 * side + 1, : 2 * side + 1] - side
    return np.exp2(-((y / half) ** 2) - (x / half) ** 2)


def test_the_table_is_mean_and_deviation_over_the_units_of_a_layer(run):
    layer = run.layers.get(name="conv1")
    layer.field_size = 67
    layer.save()
    sizes = [30.0, 41.5, 36.25]
    for unit, size in zip(layer.units.all(), sizes, strict=False):
        ReceptiveField.objects.create(run=run, unit=unit, size=size, converged=size > 35)
    silent = layer.units.last()
    ReceptiveField.objects.create(run=run, unit=silent, problem="It never fires.")
    first, second = fields.layer_table(run)
    assert (first.layer, first.theoretical) == ("conv1", 67)
    assert first.mean == pytest.approx(statistics.mean(sizes))
    assert first.deviation == pytest.approx(statistics.stdev(sizes))
    assert (first.units, first.problems, first.converged) == (3, 1, 2)
    assert (second.mean, second.units, second.theoretical) == (None, 0, None)


def test_maps_are_read_back_by_unit_with_their_holes(run):
    layer = run.layers.get(name="conv1")
    holed = 3 * hill(6)
    holed[:4] = np.nan
    fields.write_maps(run, layer, {5: hill(9), 2: holed})
    first = files.read(fields.field_file(run, layer))
    found = fields.unit_map(run, layer.units.get(channel=2))
    assert np.array_equal(np.isnan(found), np.isnan(holed))
    assert np.nanmax(found) == 1
    np.testing.assert_allclose(found, holed / 3, atol=1e-3)
    assert fields.unit_map(run, layer.units.get(channel=3)) is None
    fields.write_maps(run, layer, {2: holed, 5: hill(9)})
    assert files.read(fields.field_file(run, layer)) == first


def test_units_are_stamped_with_their_own_field(run):
    layer = run.layers.get(name="conv1")
    fields.write_maps(run, layer, {5: hill(9), 2: hill(3)})
    own = fields.own_fields(run, layer)
    assert set(own) == {2, 5}
    for channel, half in ((5, 9), (2, 3)):
        size = measured(hill(half)).size
        assert own[channel].covers.sum() == pytest.approx(size**2, rel=0.02)
        assert own[channel].kind == "own"


def test_without_the_step_there_are_no_fields(run):
    layer = run.layers.get(name="conv2")
    assert fields.own_fields(run, layer) == {}
    assert fields.unit_map(run, layer.units.first()) is None
    fields.write_maps(run, layer, {})
    assert fields.own_fields(run, layer) == {}


def test_a_field_has_numbers_or_a_problem(run):
    unit = run.layers.first().units.first()
    assert str(ReceptiveField(run=run, unit=unit, size=40.4)) == "net/conv1/0: 40 px"
    with pytest.raises(IntegrityError):
        ReceptiveField.objects.create(run=run, unit=unit)
