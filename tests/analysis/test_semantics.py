"""Labels are written once for each source and origin, and only touched when they change."""

import pytest

from analysis.models import UnitSemantics
from analysis.services import semantics
from analysis.services.semantics import UnitLabel
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

LAMP = UnitLabel(
    concept="lamp",
    category="object",
    precision=0.9,
    precision_low=0.8,
    precision_high=0.95,
    answers=3,
    agreement=1.0,
    images_shown=57,
    images_kept=51,
    details={"words": {"lamp": 2, "lamps": 1}, "places": (1, 2)},
)


@pytest.fixture
def unit():
    return rows.unit(rows.network())


def record(unit, label=LAMP, **more):
    asked = {"source": "people", "origin": "first", "run": None} | more
    return semantics.record(unit=unit, label=label, **asked)


def test_a_label_is_written_with_all_its_figures(unit):
    row = UnitSemantics.objects.get(pk=record(unit).pk)
    assert (row.concept, row.category, row.answers) == ("lamp", "object", 3)
    assert (row.precision, row.precision_low, row.precision_high) == (0.9, 0.8, 0.95)
    assert (row.images_shown, row.images_kept, row.agreement) == (57, 51, 1.0)
    assert row.details == {"words": {"lamp": 2, "lamps": 1}, "places": [1, 2]}


def test_the_same_label_again_changes_nothing_not_even_its_time(unit):
    first = record(unit)
    record(unit)
    assert UnitSemantics.objects.get().updated_at == first.updated_at


def test_a_changed_label_replaces_the_old_one_and_its_time(unit):
    first = record(unit)
    record(unit, UnitLabel(concept="street lamp", category="object"))
    row = UnitSemantics.objects.get()
    assert (row.pk, row.concept, row.precision) == (first.pk, "street lamp", None)
    assert row.updated_at > first.updated_at


def test_a_change_inside_the_details_is_a_change(unit):
    record(unit)
    record(unit, UnitLabel(concept="lamp", details={"concept": "tie"}))
    assert UnitSemantics.objects.get().details == {"concept": "tie"}


def test_the_run_is_kept_and_a_change_of_it_is_a_change(unit):
    record(unit)
    run = rows.run()
    record(unit, run=run)
    assert UnitSemantics.objects.get().run == run


def test_each_source_and_origin_has_a_row_of_its_own(unit):
    record(unit)
    record(unit, origin="second")
    record(unit, source="simulated")
    assert UnitSemantics.objects.count() == 3


def test_withdrawing_takes_back_one_row_and_says_whether_it_was_there(unit):
    record(unit)
    record(unit, origin="second")
    assert semantics.withdraw(unit=unit, source="people", origin="first") is True
    assert semantics.withdraw(unit=unit, source="people", origin="first") is False
    assert UnitSemantics.objects.get().origin == "second"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"concept": ""}, "concept ''"),
        ({"concept": "x" * 81}, "1 to 80"),
        ({"category": "thing"}, "category 'thing'"),
        ({"precision": 1.01}, "precision 1.01"),
        ({"precision_low": float("nan")}, "precision_low nan"),
        ({"agreement": -0.1}, "agreement -0.1"),
        ({"answers": -1}, "answers -1"),
    ],
)
def test_a_label_that_no_table_should_hold_is_refused_with_its_value(fields, said):
    with pytest.raises(ValueError, match=said):
        UnitLabel(**({"concept": "lamp"} | fields))


def test_an_unknown_source_is_refused(unit):
    with pytest.raises(ValueError, match="source 'rumour'"):
        record(unit, source="rumour")


def test_an_empty_origin_is_refused(unit):
    with pytest.raises(ValueError, match="origin"):
        record(unit, origin="")


def test_details_that_are_no_json_are_refused(unit):
    with pytest.raises(ValueError, match="not JSON compliant"):
        record(unit, UnitLabel(concept="lamp", details={"share": float("nan")}))
