"""Pixels and pieces of classes against a slow flood over single pixels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.core.counting import held

VOID = -1


def slow(places, classes, least):
    """Count pixels one by one, and flood every piece from its first pixel."""
    height, width = places.shape
    pixels, instances = [0] * classes, [0] * classes
    seen = set()
    for start in np.ndindex(height, width):
        of = places[start]
        if of == VOID:
            continue
        pixels[of] += 1
        if start in seen:
            continue
        size, edge = 0, [start]
        seen.add(start)
        while edge:
            y, x = edge.pop()
            size += 1
            for there in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
                inside = 0 <= there[0] < height and 0 <= there[1] < width
                if inside and there not in seen and places[there] == of:
                    seen.add(there)
                    edge.append(there)
        instances[of] += size >= least
    return pixels, instances


@given(
    places=arrays(
        np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-1, 2)
    ),
    least=st.integers(1, 6),
)
@settings(max_examples=100, deadline=None)
def test_counts_are_those_of_a_flood(places, least):
    found = held(places, 4, VOID, least)
    assert (found.pixels.tolist(), found.instances.tolist()) == slow(places, 4, least)


def test_corners_join_and_small_pieces_are_no_instances():
    places = np.array([[0, 1, 1], [1, 0, 1], [VOID, VOID, 2]])
    found = held(places, 3, VOID, 1)
    assert found.pixels.tolist() == [2, 4, 1]
    assert found.instances.tolist() == [1, 1, 1]
    assert held(places, 3, VOID, 2).instances.tolist() == [1, 1, 0]


def test_a_mask_of_no_class_holds_nothing():
    found = held(np.full((3, 4), VOID), 2, VOID, 1)
    assert (found.pixels.tolist(), found.instances.tolist()) == ([0, 0], [0, 0])
