"""The benchmark of redundancy asks as it says, and draws what it found."""

import numpy as np
import pytest

from annotate.core.dawid_skene import DawidSkene
from benchmarks import redundancy
from benchmarks.redundancy import Stream, adaptive, chosen, drawn, looked


@pytest.fixture
def stream():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 6, 60)
    label = looked(np.full(60, 0.8), truth, rng)
    worker = np.array([rng.permutation(8)[: redundancy.MOST] for _ in range(60)])
    return Stream(worker, label, truth, 8, DawidSkene)


def test_nobody_is_asked_more_when_any_probability_will_do(stream):
    answers, _ = adaptive(stream, 0.0)
    assert answers == pytest.approx((9 * 3 + 51) / 60)  # 15% of 60 units have three


def test_everybody_is_asked_until_the_end_when_none_will_do(stream):
    answers, quality = adaptive(stream, 1.1)
    assert answers == redundancy.MOST
    assert quality > adaptive(stream, 0.0)[1]


def test_who_is_right_most_often_comes_next_and_nobody_comes_twice(stream):
    asked, more = np.full(60, 2), np.arange(60) < 30
    worth = np.arange(8) / 8
    after = redundancy.best_next(stream, asked, more, worth)
    assert (after.worker[30:] == stream.worker[30:]).all()
    assert (after.worker[:30, :2] == stream.worker[:30, :2]).all()
    assert (after.worker[:30, 2] == stream.worker[:30, 2:].max(axis=1)).all()
    for unit in range(60):
        pairs = set(zip(stream.worker[unit], stream.label[unit], strict=True))
        assert set(zip(after.worker[unit], after.label[unit], strict=True)) == pairs
    assert adaptive(stream, 1.1, best_first=True)[0] == redundancy.MOST


def test_the_threshold_is_chosen_on_one_half_and_measured_on_the_other():
    curve = [(0.5, [(1.2, 0.85), (1.3, 0.7)]), (0.9, [(2.0, 0.95), (2.1, 0.9)])]
    easy, hard = chosen(curve, [0.8, 0.8], ""), chosen(curve, [0.97, 0.97], "")
    assert (easy["threshold"], easy["adaptive_answers"], easy["reached"]) == (0.5, 1.3, False)
    assert (hard["threshold"], hard["reached"]) == (0.9, False)
    assert chosen(curve, [0.9, 0.9], "")["reached"]


def test_the_picture_holds_every_crowd():
    point = {"answers": 1.5, "quality": 0.83}
    result = {"curve": [point], "fixed_answers": 3, "fixed_quality": 0.9}
    picture = drawn({"good": result, "mixed": result})
    assert picture.startswith("<svg")
    assert ">good</text>" in picture
    assert picture.count("<polyline") == 2
