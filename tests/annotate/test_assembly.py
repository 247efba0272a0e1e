"""Which images a task shows, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.core.assembly import Candidate, LeftOut, assemble, shown_order


def candidates(first, n, activation):
    """Return n candidates with falling activation."""
    return [Candidate(first + i, 1000 + first + i, activation - i) for i in range(n)]


TOP, LOW = candidates(0, 60, 100.0), candidates(100, 12, 0.0)


def test_a_task_holds_the_strongest_images_in_order_and_planted_weak_ones():
    sheet = assemble(TOP, LOW, 60, 3, "seed")
    assert len(sheet.items) == 60
    assert [pk for pk in sheet.items if pk < 100] == list(range(57))
    assert [place for place, pk in enumerate(sheet.items) if pk >= 100] == sheet.controls
    assert len(set(sheet.items)) == 60


def test_the_seed_decides_places_and_negatives_and_nothing_else_does():
    sheets = [assemble(TOP, LOW, 60, 3, f"seed {i}") for i in range(40)]
    assert sheets[0] == assemble(TOP, LOW, 60, 3, "seed 0")
    assert len({tuple(sheet.controls) for sheet in sheets}) > 30
    assert len({pk for sheet in sheets for pk in sheet.items if pk >= 100}) == 12


@given(st.integers(12, 60), st.integers(0, 8))
def test_any_size_has_its_number_of_images_and_negatives(images, controls):
    sheet = assemble(TOP, LOW, images, controls, "x")
    assert (len(sheet.items), len(sheet.controls)) == (images, controls)


@pytest.mark.parametrize(
    ("top", "low", "reason"),
    [
        ([], LOW, "never fires"),
        (candidates(0, 60, 0.0), LOW, "never fires"),
        (candidates(0, 40, 100.0), LOW, "has 40 segmented images"),
        (candidates(0, 60, 20.0), LOW, "has 20 segmented images"),
        (TOP, LOW[:2], "has 2 images weak enough"),
        (TOP, [Candidate(i, 1000 + i, 0.0) for i in range(12)], "has 0 images weak enough"),
        (TOP, candidates(100, 12, 99.0), "images weak enough"),
    ],
)
def test_a_unit_nobody_can_be_asked_about_is_left_out_with_its_reason(top, low, reason):
    with pytest.raises(LeftOut, match=reason):
        assemble(top, low, 60, 3, "x")


@given(st.integers(0, 80), st.integers(0, 2**31))
def test_the_order_shown_is_a_permutation_that_stays(n, seed):
    order = shown_order(n, seed)
    assert sorted(order) == list(range(n))
    assert order == shown_order(n, seed)


def test_two_workers_see_two_orders():
    assert shown_order(60, 1) != shown_order(60, 2)
