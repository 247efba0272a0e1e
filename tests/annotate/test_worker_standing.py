"""A worker's standing: against slow, literal counting, by hand, and what cannot be told."""

from collections import Counter
from math import comb, isclose
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.intervals import wilson
from annotate.core.consensus import Basis, Said
from annotate.core.plain_text import clean_text
from annotate.core.practice import Expert
from annotate.core.rules import CATEGORIES, Given
from annotate.core.worker_rules import Limit, breach
from annotate.core.worker_standing import (
    Pair,
    Share,
    Shown,
    Work,
    likeness,
    order_rank,
    pace,
    share,
    standings,
    stands_behind,
    words_alike,
)


def a_crowd(seed, workers=5, tasks=7, images=12):
    """Return random answers: some tasks are answered by one worker only, some images unseen."""
    rng = np.random.default_rng(seed)
    shown = {
        n: Shown(images, frozenset(rng.choice(images, 2, replace=False))) for n in range(tasks)
    }
    work = []
    for task in shown:
        for who in rng.permutation(workers)[: rng.integers(1, workers + 1)]:
            rejected = frozenset(np.flatnonzero(rng.random(images) < 0.3).tolist())
            unseen = frozenset(np.flatnonzero(rng.random(images) < 0.1).tolist())
            group = CATEGORIES[rng.integers(0, 3)]
            missed = None if rng.random() < 0.2 else len(shown[task].planted - rejected - unseen)
            said = Said(str(who), "cat", group, rejected, unseen)
            work.append(Work(task, said, missed, int(rng.integers(5, 90))))
    return work, shown


def slowly(work, shown, who):
    """Count one worker's standing literally: image by image, answer by answer."""
    planted, kept, pairs, undecided = [0, 0], [0, 0], Counter(), 0
    for one in (one for one in work if one.said.who == who):
        others = [o.said for o in work if o.task == one.task and o.said.who != who]
        for place in range(shown[one.task].images):
            lost = place in one.said.unseen and place not in one.said.rejected
            if place in shown[one.task].planted:
                planted[1] += not lost and one.missed is not None
                continue
            for_it = sum(place not in o.rejected and place not in o.unseen for o in others)
            saw = sum(place in o.rejected or place not in o.unseen for o in others)
            if not lost and for_it > saw / 2:
                kept[0] += place not in one.said.rejected
                kept[1] += 1
        planted[0] += (planted and one.missed) or 0
        votes = Counter(o.category for o in others)
        best = [name for name, n in votes.items() if n == max(votes.values())]
        if len(best) == 1:
            pairs[one.said.category, best[0]] += 1
        else:
            undecided += 1
    return planted, kept, pairs, undecided


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_everything_is_what_slow_counting_says(seed):
    work, shown = a_crowd(seed)
    for who, found in standings(work, shown).items():
        planted, kept, pairs, undecided = slowly(work, shown, who)
        assert found.answers == sum(one.said.who == who for one in work)
        got = found.sensitivity
        assert (got.of - got.hits, got.of) == tuple(planted) if got else planted[1] == 0
        got = found.specificity
        assert (got.hits, got.of) == tuple(kept) if got else kept[1] == 0
        table = {
            (CATEGORIES[i], CATEGORIES[j]): n for (i, j), n in np.ndenumerate(found.confusion) if n
        }
        assert (table, found.undecided) == (dict(pairs), undecided)
        his = [one.seconds for one in work if one.said.who == who]
        middles = [
            median(o.seconds for o in work if o.said.who == other)
            for other in {o.said.who for o in work} - {who}
        ]
        assert found.pace.seconds == median(his)
        if middles:
            assert isclose(found.pace.ratio, median(his) / median(middles))


def test_nobody_agrees_with_himself():
    """A consensus of two who differ, with his own answer in it, would agree with each by half."""
    shown = {1: Shown(4)}
    one = Work(1, Said("a", "cat", "object", frozenset({0})), 0, 10)
    alone = standings([one], shown)["a"]
    assert (alone.specificity, alone.group, alone.undecided, alone.pace.ratio) == (None,) * 2 + (
        1,
        None,
    )
    other = Work(1, Said("b", "cat", "scene", frozenset({1})), 0, 20)
    both = standings([one, other], shown)
    assert (both["a"].specificity.hits, both["a"].specificity.of) == (2, 3)
    assert both["a"].group.value == 0
    assert both["a"].confusion[4, 5] == 1
    assert both["b"].pace.ratio == 2


# ---- Intervals -------------------------------------------------------------------------------
def test_images_of_one_unit_are_fewer_observations_than_images():
    assert share([]) is None
    assert share([(0, 0)]) is None
    single = share([(9, 10)])
    assert (single.low, single.high) == wilson(0.9, 1)
    lumped, even = share([(10, 10), (0, 10)] * 4), share([(5, 10)] * 8)
    assert lumped.value == even.value == 0.5
    assert (even.low, even.high) == wilson(0.5, 80)
    # Variance of the share: 8/7 × 8 × 25 / 6400 = 1/28, so 0.25 × 28 = 7 observations.
    assert (lumped.low, lumped.high) == pytest.approx(wilson(0.5, 7))


@pytest.mark.parametrize("n", [1, 5, 6, 9, 20, 101])
def test_the_rank_of_the_median_is_the_largest_that_95_percent_allow(n):
    def outside(rank):
        return 2 * sum(comb(n, k) for k in range(rank)) / 2**n

    assert outside(order_rank(n)) <= 0.05 < outside(order_rank(n) + 1)


def test_pace_has_an_interval_from_six_answers_on():
    assert pace([], [3.0]) is None
    assert pace([10] * 5, [20.0]).low is None
    found = pace([5, 10, 10, 20, 30, 40], [30.0, 20.0, 60.0])
    assert (found.seconds, found.low, found.high) == (15, 5, 40)
    assert (found.ratio, found.ratio_low, found.ratio_high) == (0.5, 5 / 30, 40 / 30)
    assert order_rank(4000) > 1900  # and no number is too large for it


# ---- Words, gold, repeats --------------------------------------------------------------------
def words(*texts):
    """Return answers with these words."""
    return [Said(str(n), text, "object", frozenset()) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("mine", "others", "stands"),
    [
        ("couch", ["sofa"], True),
        ("poodle", ["dog", "dogs"], True),
        ("dog", ["poodle", "poodle"], False),
        ("cat", ["poodle", "terrier"], None),  # they are of two minds
        ("cat", [], None),
        ("don't know", ["dog"], False),
        ("brown cabinet", ["wooden cabinet", "old cabinet"], True),
    ],
)
def test_his_words_stand_behind_the_concept_of_the_others_or_not(mine, others, stands):
    assert stands_behind(words(mine)[0], words(*others), Basis()) is stands


def test_only_what_can_be_compared_is_shared_out():
    rows = [(said, words("dog")) for said in words("dog", "cat")] + [(words("dog")[0], [])]
    found = words_alike(rows, Basis())
    assert (found.hits, found.of) == (1, 2)
    assert words_alike(rows[2:], Basis()) is None


def test_gold_and_repeats_are_compared_as_practice_is():
    rng = np.random.default_rng(0)
    expert = Expert("sofa", "object", frozenset({0, 1}), ("couch",))
    right = Pair(Given("couches", "object", [0, 1]), expert, 6)
    half = Pair(Given("bed", "part", []), expert, 6)
    lost = Pair(Given("bed", "part", [], unseen=list(range(6))), expert, 6)
    assert likeness([lost], rng) is None
    single = likeness([right, lost], rng)
    assert (single.units, single.images.value, single.images.low) == (1, 1.0, None)
    found = likeness([right, half] * 5, rng)
    assert found.images.value == 0.75  # all of it, and of the other the kept half alone
    assert 0.5 <= found.images.low < 0.75 < found.images.high <= 1
    assert (found.words.hits, found.group.hits, found.units) == (5, 5, 10)
    again = likeness([right, half] * 5, np.random.default_rng(1))
    assert again.images.value == found.images.value


# ---- Rules -----------------------------------------------------------------------------------
def a_standing(missed, of=30, agreed=9, seconds=10, answers=10):
    """Return a standing of ten answers of three planted images, among two quick others."""
    shown = {n: Shown(8, frozenset({0, 1, 2})) for n in range(answers)}
    work = []
    for n in range(answers):
        left = min(3, max(0, missed - 3 * n))
        group = "object" if n < agreed else "scene"
        rejected = frozenset({0, 1, 2})
        work.append(Work(n, Said("he", "cat", group, rejected), left, seconds))
        work += [Work(n, Said(who, "cat", "object", rejected), 0, 40) for who in ("b", "c")]
    return standings(work, shown)["he"]


@pytest.mark.parametrize(
    ("standing", "limit", "sure", "caught"),
    [
        (a_standing(missed=15), Limit("missed", 49, "pause"), False, True),
        (a_standing(missed=15), Limit("missed", 50, "pause"), False, False),  # at it is within
        (a_standing(missed=15), Limit("missed", 49, "pause"), True, False),  # by chance, perhaps
        (a_standing(missed=30), Limit("missed", 49, "pause"), True, True),
        (a_standing(0, agreed=3), Limit("agreement", 31, "pause"), False, True),
        (a_standing(0, agreed=3), Limit("agreement", 30, "pause"), False, False),
        (a_standing(0, agreed=3), Limit("agreement", 70, "pause"), True, True),
        (a_standing(0, agreed=3), Limit("agreement", 50, "pause"), True, False),
        (a_standing(0), Limit("pace", 26, "pause"), True, True),
        (a_standing(0), Limit("pace", 25, "pause"), True, False),
        (a_standing(0, answers=5, agreed=5), Limit("pace", 26, "pause"), True, False),  # too few
    ],
)
def test_a_limit_catches_whom_it_says(standing, limit, sure, caught):
    found = breach(standing, [limit], sure)
    assert (found is not None) == caught
    if found:
        assert found.facts["limit"] == limit.beyond


def test_of_several_the_harshest_holds_and_what_cannot_be_told_catches_nobody():
    bad = a_standing(30, agreed=0, seconds=1)
    limits = [
        Limit("missed", 10, "practise"), Limit("agreement", 90, "end"), Limit("pace", 90, "pause"),
    ]  # fmt: skip
    assert breach(bad, limits, False).limit.then == "end"
    assert breach(bad, limits[::2], False).limit.name == "pace"
    assert breach(bad, [], False) is None
    alone = standings([Work(1, Said("a", "cat", "object", frozenset()), None, 0)], {1: Shown(4)})[
        "a"
    ]
    assert breach(alone, limits, False) is None
    with pytest.raises(ValueError, match="'speed' is no rule"):
        breach(bad, [Limit("speed", 1, "end")], False)
    with pytest.raises(ValueError, match="'fire' is no consequence"):
        breach(bad, [Limit("pace", 1, "fire")], False)


# ---- Text ------------------------------------------------------------------------------------
def test_text_keeps_its_lines_and_loses_what_cannot_be_seen():
    assert (
        clean_text("  I saw\x00\x07 \u202ethem\r\n\r\n all\t<b>", 99, "x")
        == "I saw them\n\nall <b>"
    )
    with pytest.raises(ValueError, match=r"^Write the reason"):
        clean_text(" \u200b\n", 9, "the reason")
    with pytest.raises(ValueError, match="to 9 characters; it has 10"):
        clean_text("x" * 10, 9, "the reason")
    assert Share(1, 2, 0, 1).value == 0.5
