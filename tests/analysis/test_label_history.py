"""The history of a unit's labels: given, changed, withdrawn; nothing for what is the same."""

import pytest

from analysis.models import LabelChange, Unit
from analysis.services import semantics
from analysis.services.semantics import UnitLabel
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def told(unit):
    """Return what the history says, the oldest first."""
    return [
        (row.act, row.source, row.origin, row.concept, row.category, row.precision)
        for row in reversed(semantics.history(unit))
    ]


def say(unit, concept, category="object", precision=0.5, **more):
    """Say what a unit means."""
    label = UnitLabel(concept, category, precision, **more)
    return semantics.record(unit=unit, source="people", origin="rooms", run=None, label=label)


def test_a_label_leaves_a_line_for_each_change_that_makes_it_another():
    layer = factories.LayerFactory()
    unit, other = Unit.objects.filter(layer=layer).order_by("channel")[:2]
    say(unit, "bed")
    say(unit, "bed")  # twice
    say(unit, "bed", answers=3, agreement=0.5)  # the same label, better known
    say(unit, "double bed", answers=3)
    say(unit, "double bed", precision=0.75)
    say(other, "lamp", "")
    assert semantics.withdraw(unit=unit, source="people", origin="rooms")
    assert not semantics.withdraw(unit=unit, source="people", origin="rooms")
    line = ("people", "rooms")
    assert told(unit) == [
        ("given", *line, "bed", "object", 0.5),
        ("changed", *line, "double bed", "object", 0.5),
        ("changed", *line, "double bed", "object", 0.75),
        ("withdrawn", *line, "double bed", "object", 0.75),
    ]
    units = Unit.objects.filter(layer=layer)
    assert semantics.withdraw_others(units=units, source="people", origin="rooms") == 1
    assert [row[0] for row in told(other)] == ["given", "withdrawn"]
    assert LabelChange.objects.count() == 6
