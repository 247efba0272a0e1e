"""Work ahead in threads: in order, bounded, errors in their turn."""

import threading
import time

import pytest

from analysis.core.loading import batched, in_order


def test_results_come_in_the_order_of_the_items_whoever_is_ready_first():
    def make(number):
        time.sleep(0.01 * (number % 3))
        return number

    assert list(in_order(make, range(12), ahead=6, threads=4)) == list(range(12))


def test_no_more_than_the_bound_is_made_ahead():
    begun = []
    ready = in_order(begun.append, range(100), ahead=5, threads=2)
    next(ready)
    time.sleep(0.1)
    assert len(begun) <= 6
    ready.close()
    assert len(begun) <= 6


def test_it_overlaps_with_its_caller():
    started = threading.Event()

    def make(number):
        if number == 1:
            started.set()
        return number

    ready = in_order(make, range(3), ahead=2, threads=1)
    next(ready)
    assert started.wait(5)  # the second is made although nobody has asked for it
    assert list(ready) == [1, 2]


def test_an_error_is_raised_in_its_items_turn():
    def make(number):
        if number == 2:
            raise ValueError("two is broken")
        return number

    got = []
    with pytest.raises(ValueError, match="two is broken"):
        got.extend(number for number in in_order(make, range(9), ahead=9))
    ready = in_order(make, range(9), ahead=9)
    assert [next(ready), next(ready)] == [0, 1]
    with pytest.raises(ValueError, match="two is broken"):
        next(ready)


def test_nothing_to_do_is_no_error():
    assert list(in_order(str, [], ahead=3)) == []


def test_batches_are_full_but_for_the_last():
    assert list(batched(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batched([], 3)) == []
