"""Groups, precision and agreement of labels against hand-made tables; what is missing says so."""

import pytest

from analysis.models import UnitSemantics
from analysis.services.figures import Missing
from analysis.services.meaning_figures import Shown, figures, note_of
from analysis.services.meanings import (
    Label,
    Said,
    Wanted,
    agreements,
    group_shares,
    labels_of,
    precisions,
)
from tests.api import rows


def label(layer, channel, category, precision, *answers):
    """Make a label; an answer is (concept, category, precision, group)."""
    return Label(layer, channel, category, precision, [Said(*answer) for answer in answers])


LABELS = [
    label("conv1", 0, "simple", 0.9, ("Red ", "simple", 1.0, 0), ("red", "simple", 0.8, 0)),
    label("conv1", 1, "texture", 0.7, ("dots", "texture", 0.9, 0), ("spots", "part", 0.5, 1)),
    label("conv1", 2, "simple", 0.75, ("blue", "simple", 0.75, 0)),
    label("conv2", 0, "object", 1.0, ("bed", "object", 1.0, 0), ("beds", "object", 1.0, 0)),
]


def counted(labels, threshold, layer, by):
    found = [row for row in group_shares(labels, threshold) if row.layer == layer]
    return {row.category: (row.number, row.of) for row in found if row.counted_by == by}


def test_groups_are_counted_above_the_threshold_by_answer_and_by_unit():
    by_answer = counted(LABELS, 0.75, "conv1", "answer")
    assert list(by_answer) == ["simple", "texture", "region", "part", "object", "scene"]
    assert (by_answer["simple"], by_answer["texture"], by_answer["part"]) == (
        (2, 3),
        (1, 3),
        (0, 3),
    )
    by_unit = counted(LABELS, 0.75, "conv1", "unit")
    assert (by_unit["simple"], by_unit["texture"]) == ((1, 1), (0, 1))
    assert counted(LABELS, 0.7, "conv1", "unit")["simple"] == (2, 2)
    assert counted(LABELS, 0.69, "conv1", "unit")["texture"] == (1, 3)


def test_shares_add_up_to_one_and_have_intervals_where_there_are_several_units():
    first = [row for row in group_shares(LABELS, 0.5) if row.layer == "conv1"]
    for by in ("answer", "unit"):
        some = [row for row in first if row.counted_by == by]
        assert sum(row.share for row in some) == pytest.approx(1)
        assert all(row.share_low <= row.share <= row.share_high for row in some)
    [alone] = [r for r in group_shares(LABELS, 0.5) if r[:3] == ("conv2", "unit", "object")]
    assert (alone.share, alone.share_low) == (1.0, None)


def test_nothing_above_the_threshold_is_no_share():
    rows = list(group_shares(LABELS, 1.0))
    assert len(rows) == 24
    assert {(row.of, row.share) for row in rows} == {(0, None)}


def test_precision_of_each_layer():
    first, second = precisions(LABELS, 0.75)
    assert (first.units, first.above, first.share) == (3, 1, pytest.approx(1 / 3))
    assert first.precision == pytest.approx((0.9 + 0.7 + 0.75) / 3)
    assert 0 < first.share_low < 1 / 3 < first.share_high < 1
    assert (second.above, second.precision, second.precision_low) == (1, 1.0, None)
    assert list(precisions([label("a", 0, "", None)], 0.5)) == []


def test_agreement_of_units_with_several_answers():
    first, second = agreements(LABELS)
    assert (first.units, first.answers) == (2, 4)
    # Pairs agree in one unit of two; chance: (1/2)² + (1/4)² + (1/4)² = 3/8.
    assert first.kappa == pytest.approx((1 / 2 - 3 / 8) / (1 - 3 / 8))
    assert (first.same_words, first.same_concept) == (0.5, 0.5)
    # One group only: no kappa; words differ but for the plural, which the label has joined.
    assert (second.kappa, second.same_words, second.same_concept) == (None, 0.0, 1.0)


@pytest.mark.rows
@pytest.mark.django_db
class TestRows:
    """Read from the rows that a campaign or an import leaves."""

    def test_the_newest_label_of_a_source_counts_or_the_campaign_named(self):
        unit = rows.unit(rows.network())
        word = {"worker": "a", "concept": "bed", "category": "object", "precision": 0.9}
        details = {"words": [{**word, "same_concept_as": 0}, {"category": "odd"}, 3]}
        rows.label(unit, "bed", origin="first", details=details)
        rows.label(unit, "lamp", origin="second", category="part")
        rows.label(unit, "bed", source="machine", origin="m", details={"words": {"bed": 3}})
        network = unit.layer.network
        [newest] = labels_of(Wanted(network, "people"))
        assert (newest.category, newest.answers) == ("part", [])
        [first] = labels_of(Wanted(network, "people", "first"))
        assert first == Label("conv1", 0, "object", 0.9, [Said("bed", "object", 0.9, 0)], "bed")
        [machine] = labels_of(Wanted(network, "machine"))
        assert machine.answers == []
        assert labels_of(Wanted(network, "published")) == []

    def test_any_number_of_labels_is_one_query(self, django_assert_num_queries):
        network = rows.network()
        for layer in ("conv1", "conv2"):
            for channel in range(3):
                rows.label(rows.unit(network, layer, channel))
        with django_assert_num_queries(1):
            assert len(labels_of(Wanted(network, "people"))) == 6
        assert UnitSemantics.objects.count() == 6


def shown(labels, by="answer", threshold=0.75):
    names = ("categories", "precision", "agreement")
    return figures(Shown(labels, by, threshold, "", dict.fromkeys(names, "/rows.csv")))


def test_answers_are_sentences_with_numbers():
    groups, precision, agreement = shown(LABELS)
    assert groups.answer == (
        "In conv1 the commonest group is simple elements and colours (2 of 3 answers), in conv2"
        " objects (2 of 2 answers)."
    )
    assert precision.answer == (
        "2 of 4 units (50%) have a precision above 0.75: from 33% in conv1 to 100% in conv2."
    )
    assert agreement.answer == (
        "Kappa of the groups is 0.20 in conv1; in 0% to 50% of the units most answers have the"
        " same words."
    )
    assert [cell.text for cell in groups.table[0]][:4] == ["conv1", "3", "0.667", "0.333"]
    assert len(groups.spec["data"]["values"]) == 12


def test_one_layer_and_one_label_are_enough():
    groups, precision, agreement = shown(LABELS[:1])
    assert groups.answer.endswith("simple elements and colours (2 of 2 answers).")
    assert precision.answer.endswith("have a precision above 0.75; the mean is 0.90.")
    assert agreement.answer.startswith(
        "All answers are of one group, so there is no kappa; in 100%"
    )


@pytest.mark.parametrize(
    ("labels", "by", "threshold", "whys"),
    [
        (LABELS, "answer", 1.0, ["No answer has a precision above 1: lower the threshold."]),
        (LABELS, "unit", 1.0, ["No unit has a precision above 1: lower the threshold."]),
        (
            [label("a", 0, "", None)],
            "answer",
            0.75,
            ["count them by unit", "No label has a precision", "No unit has two answers"],
        ),
        ([label("a", 0, "", 0.9)], "unit", 0.75, ["which group it is of", "No unit has two"]),
    ],
)
def test_what_is_missing_says_why_and_what_to_do(labels, by, threshold, whys):
    missing = [one for one in shown(labels, by, threshold) if isinstance(one, Missing)]
    for one, why in zip(missing, whys, strict=True):
        assert why in one.why


def test_what_is_not_people_s_says_so():
    assert note_of("people", synthetic=False) == note_of("published", synthetic=False) == ""
    assert note_of("simulated", synthetic=True) == "simulated workers · synthetic network"
    assert note_of("machine", synthetic=False) == "made by a machine"
