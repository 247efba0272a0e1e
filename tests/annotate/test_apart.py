"""Which images one answer judged unlike the others, against a literal count."""

from itertools import product

import pytest

from annotate.core.agreement import apart, kept_share


def slow(mine, others, place):
    """Ask every other answer about one place, and see whether most said the opposite."""
    opposite = sum((place in other) != (place in mine) for other in others)
    return opposite > len(others) - opposite


@pytest.mark.parametrize("number", range(4))
def test_it_is_apart_where_most_of_the_others_said_the_opposite(number):
    places = range(3)
    sets = [frozenset(p for p in places if bits >> p & 1) for bits in range(8)]
    for mine, *others in product(sets, repeat=number + 1):
        expected = [place for place in places if slow(mine, others, place)]
        assert apart(mine, others, list(places)) == expected


def test_only_what_was_asked_about_and_seen_is_a_share():
    assert apart({0, 1}, [set()], [1, 2]) == [1]
    assert kept_share({1, 9}, {2}, [0, 1, 2, 3]) == 2 / 3
    assert kept_share(set(), {0}, [0]) is None
