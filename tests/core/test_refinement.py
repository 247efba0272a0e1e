"""Rounds, parts and lattices: nothing done twice, nothing left out; and the course of a unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.core.discrepancy import STEP, average
from analysis.core.refinement import (
    EVERY,
    MOST_PARTS,
    SIGNIFICANT,
    Course,
    Round,
    agree,
    correlation,
    enlarged,
    lattices,
    parts,
    refined,
    refinements,
    rounds,
)


def hill(half, side=20, y=0.0, x=0.0):
    """Return a field of this half-width, around a place beside its middle."""
    down, across = np.mgrid[-side : side + 1, -side : side + 1] * STEP
    return np.exp2(-(((down - y) / half) ** 2) - ((across - x) / half) ** 2)


@given(rows=st.integers(1, 80), columns=st.integers(1, 80), at=st.integers(0, 2))
def test_a_finer_lattice_is_what_is_known_and_the_grids_once_each(rows, columns, at):
    every, known = EVERY[at], (None, *EVERY)[at]
    seen = np.zeros((rows, columns), int)
    if known:
        seen[::known, ::known] += 1
    for some, others in refinements((rows, columns), known, every):
        seen[np.ix_(some, others)] += 1
    wanted = np.zeros_like(seen)
    wanted[::every, ::every] = 1
    assert np.array_equal(seen, wanted)


def bumps(rows, columns, seed):
    """Return maps of three units at every place: a bump each, and noise far below it."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:rows, :columns]
    at = rng.uniform(0, 1, (3, 2)) * (rows, columns)
    maps = [np.exp(-((down - y) ** 2 + (across - x) ** 2) / 20) for y, x in at]
    return (np.stack(maps) + rng.uniform(0, 0.05, (3, rows, columns))).astype(np.float16)


class Looking:
    """A look that reads maps, and remembers how often each place was looked at."""

    def __init__(self, maps):
        self.maps, self.times = maps, np.zeros(maps.shape[1:], int)

    def __call__(self, rows, columns):
        self.times[np.ix_(rows, columns)] += 1
        return self.maps[:, rows[:, None], columns]


@given(rows=st.integers(5, 60), columns=st.integers(5, 60), seed=st.integers(0, 99))
def test_what_matters_is_looked_at_once_and_the_rest_lies_between(rows, columns, seed):
    maps = bumps(rows, columns, seed)
    look = Looking(maps)
    found = refined(None, lattices(1, known=False, exact=False), (rows, columns), look)
    assert found.shape == maps.shape
    assert found.dtype == np.float16
    assert look.times.max() == 1
    for own, one in zip(found, maps, strict=True):
        matters = own >= SIGNIFICANT * own.max()
        assert np.array_equal(own[matters], one[matters])
        assert np.array_equal(own[::4, ::4], one[::4, ::4])


def test_a_map_does_not_depend_on_those_that_are_looked_at_with_it():
    maps = bumps(40, 50, seed=3)
    together = refined(None, EVERY, (40, 50), Looking(maps))
    for own, one in zip(together, maps, strict=True):
        alone = Looking(one[None])
        assert np.array_equal(refined(None, EVERY, (40, 50), alone)[0], own)
        assert alone.times.sum() < 0.5 * one.size


def test_going_on_from_what_is_known_ends_where_going_all_the_way_does():
    maps = bumps(33, 47, seed=5)
    known = None
    for every in EVERY:
        way = lattices(every, known=known is not None, exact=False)
        known = refined(known, way, (33, 47), Looking(maps))
    assert np.array_equal(known, refined(None, EVERY, (33, 47), Looking(maps)))


def test_an_exact_map_is_looked_at_everywhere():
    maps, way = bumps(20, 20, seed=1), lattices(1, known=False, exact=True)
    look = Looking(maps)
    assert np.array_equal(refined(None, way, (20, 20), look), maps)
    assert (look.times == 1).all()
    with pytest.raises(ValueError, match="no lattice"):
        refined(None, (), (20, 20), look)


def test_where_a_coarse_lattice_saw_nothing_a_finer_one_looks_everywhere():
    maps = np.zeros((1, 12, 12), np.float16)
    maps[0, 5, 7] = 1  # between the places of both coarser lattices
    look = Looking(maps)
    assert np.array_equal(refined(None, EVERY, (12, 12), look), maps)
    assert (look.times == 1).all()


def test_new_places_lie_between_the_old_ones_and_the_last_repeats():
    coarse = np.array([[[0, 4], [8, 2]]], np.float16)
    assert enlarged(coarse, (3, 4))[0].tolist() == [
        [0, 2, 4, 4],
        [4, 3.5, 3, 3],
        [8, 5, 2, 2],
    ]


@given(images=st.integers(1, 1000))
def test_rounds_reach_every_image_once_beyond_the_first_ones(images):
    planned = rounds(images, exact=False)
    assert [one.every for one in planned[:3]] == list(EVERY)
    assert all(one.first == 0 for one in planned[:3])
    later = [rank for one in planned[3:] for rank in range(one.first, one.last)]
    assert list(range(planned[0].last)) + later == list(range(images))
    assert rounds(images, exact=True) == [Round(0, images, 1)]


@given(units=st.integers(1, 5000), images=st.integers(1, 1000), exact=st.booleans())
def test_parts_are_few_and_cover_their_rounds(units, images, exact):
    found = parts(units, images, exact=exact)
    assert 1 <= len(found) <= MOST_PARTS + len(rounds(images, exact=exact))
    assert {part.round for part in found} == set(range(len(rounds(images, exact=exact))))
    for number, part in enumerate(found):
        assert number == part.start + part.number
    for place in {part.round for part in found}:
        own = [part for part in found if part.round == place]
        things = [thing for part in own for thing in range(777)[part.slice(777)]]
        assert things == list(range(777))


def test_later_rounds_have_more_parts_for_they_have_more_to_do():
    count = [part.round for part in parts(96, 60, exact=False)].count
    assert [count(place) for place in range(7)] == [1, 4, 16, 5, 11, 21, 37]
    assert len(parts(96, 60, exact=True)) == 180


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (hill(30), True),
        (hill(31), True),
        (hill(33), False),  # a tenth larger
        (hill(30, y=6), True),
        (hill(30, y=30), False),  # the same size elsewhere
    ],
)
def test_fields_agree_by_size_and_place(other, same):
    assert agree(other, hill(30)) is same


def test_correlation_is_numpys_over_what_both_have():
    chance = np.random.default_rng(2)
    one, other = chance.random((2, 9, 9))
    one[0], other[:, 3] = np.nan, np.nan
    both = ~np.isnan(one) & ~np.isnan(other)
    assert correlation(one, other) == pytest.approx(np.corrcoef(one[both], other[both])[0, 1])
    assert correlation(np.full((3, 3), np.nan), np.ones((3, 3))) == 0
    assert correlation(np.ones((3, 3)), np.ones((3, 3))) == 1
    assert correlation(np.ones((3, 3)), np.eye(3)) == 0


def take(course, one, maps):
    """Give a course the maps of a round; None where an image showed no change."""
    course.start(one)
    for own in maps:
        if own is not None:
            course.add(own)
    course.end(one)


def through(images, seen):
    """Return a unit's course, and the rounds that it took part in: (ranks, lattice)."""
    course, took = Course(), []
    for one in rounds(images, exact=False):
        if every := course.wants(one):
            took.append((one.first, one.last, every))
            take(course, one, [seen(rank, every) for rank in range(one.first, one.last)])
    return course, took


def test_a_field_that_a_coarse_lattice_shows_is_never_looked_at_finely():
    course, took = through(60, lambda rank, every: hill(30))
    assert took == [(0, 4, 4), (0, 4, 2), (4, 8, 4)]
    assert (course.every, course.converged, course.images) == (4, True, 8)


def test_a_small_field_takes_the_finest_lattice():
    course, took = through(60, lambda rank, every: hill(8 + 4 * every))
    assert took == [(0, 4, 4), (0, 4, 2), (0, 4, 1), (4, 8, 1)]
    assert course.every == 1


def test_where_only_the_coarsest_is_too_coarse_the_middle_one_stays():
    course, took = through(60, lambda rank, every: hill(30 if every < 4 else 40))
    assert took[-1] == (4, 8, 2)
    assert course.every == 2


def test_a_unit_whose_images_differ_goes_on_to_the_last():
    course, took = through(20, lambda rank, every: hill(15 * 1.5 ** min(rank // 4, 4)))
    assert [last for _, last, _ in took] == [4, 4, 8, 16, 20]
    assert (course.converged, course.images) == (False, 20)


def test_the_mean_on_the_way_is_that_of_all_images():
    chance = np.random.default_rng(5)
    maps = chance.random((16, 9, 9))
    maps[chance.random(maps.shape) < 0.4] = np.nan
    maps[:, 4, 4] = 3
    course = Course()
    take(course, Round(0, 4, 4), list(chance.random((4, 9, 9))))
    take(course, Round(0, 4, 2, 4), list(maps[:4]))
    take(course, Round(4, 16), [*maps[4:], None])
    assert course.images == 16
    np.testing.assert_allclose(course.mean, average(maps), rtol=1e-5)


def test_images_without_a_change_leave_a_unit_as_it_was():
    course, took = through(8, lambda rank, every: None)
    assert took == [(0, 4, 4), (0, 4, 2), (0, 4, 1), (4, 8, 1)]
    assert (course.mean, course.images, course.converged) == (None, 0, False)
