"""From answers to tables, from a fit to weights and odds: compared with slow, literal sums."""

import json
from math import isclose, log

import numpy as np
import pytest

from annotate.core.consensus import Basis, Said, decide
from annotate.core.heard import IN, OUT, Heard, Truth, in_order, tables
from annotate.core.rules import CATEGORIES
from annotate.core.trust import (
    HEAVIEST,
    Matrices,
    Trust,
    group_odds,
    image_odds,
    learnt,
    read,
    right,
    weights,
)
from annotate.core.truth import TIEABLE, insist_on, learn

CROWD = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.25}


def crowd(units=30, seed=0):
    """Return answers about units by four workers of unequal worth; d mostly says “scene”."""
    rng = np.random.default_rng(seed)
    heard = []
    for unit in range(units):
        truth = CATEGORIES[unit % 6]
        for number, (who, worth) in enumerate(CROWD.items()):
            wrong = "scene" if who == "d" else str(rng.choice(CATEGORIES))
            said = truth if rng.random() < worth else wrong
            out = {5} if who != "d" else set()
            rejected = frozenset(out | ({unit % 5} if rng.random() < worth else set()))
            heard.append(
                Heard(
                    layer="conv1",
                    channel=unit,
                    who=who,
                    member=who in "ab",
                    number=unit * 4 + number,
                    concept="x",
                    category=said,
                    shown=6,
                    controls=frozenset({5}),
                    rejected=rejected,
                    unseen=frozenset({4} if unit == 3 and who == "a" else ()),
                )
            )
    return heard


def test_the_tables_say_what_was_said_whatever_the_order():
    heard = crowd()
    made = tables(heard)
    assert made.groups.labels == list(CATEGORIES)
    assert len(made.groups.task) == len(heard)
    told = {
        (made.images.workers[w], int(t)): made.images.labels[s]
        for t, w, s in zip(made.images.task, made.images.worker, made.images.label, strict=True)
    }
    first = 0  # images are numbered unit by unit, in the order of the names
    for one in [one for one in in_order(heard) if one.who == "a"]:
        for place in range(6):
            if place not in one.unseen:
                expected = OUT if place in one.rejected else IN
                assert told["a", first + place] == expected
        assert made.known_images[first + 5] == OUT
        first += 6
    rng = np.random.default_rng(1)
    for _ in range(3):
        again = tables([heard[at] for at in rng.permutation(len(heard))])
        assert again.groups.tasks == made.groups.tasks
        assert again.images.task.tobytes() == made.images.task.tobytes()
        assert again.images.label.tobytes() == made.images.label.tobytes()
        assert again.known_images == made.known_images


def test_what_is_known_of_a_unit_teaches_and_is_no_unit_of_its_own():
    truth = Truth("part", frozenset({1}))
    known = Heard("conv1", 0, "d", False, 999, "x", "scene", 6, frozenset({5}), truth=truth)
    made = tables([*crowd(), known])
    assert made.known_groups == {"known conv1/0": "part"}
    assert list(made.known_images.values()).count(OUT) == 30 + 2
    assert list(made.known_images.values()).count(IN) == 4
    without = right(learnt(learn(tables(crowd()).groups), tables(crowd()).groups))
    with_it = right(learnt(learn(made.groups, made.known_groups), made.groups))
    assert with_it[3] < without[3]


def test_where_images_are_not_known_there_is_no_table_of_them():
    made = tables([Heard("conv1", 0, "a", True, 1, "x", "part", kept_of=(40, 57))])
    assert made.images is None
    assert Heard("c", 0, "a", True, 1, "x", "part", kept_of=(40, 57)).precision == 40 / 57
    assert Heard("c", 0, "a", True, 1, "x", "part").precision is None
    one = Heard("c", 0, "a", True, 1, "x", "part", 10, frozenset({9}), frozenset({0, 9}))
    assert one.precision == 8 / 9


@pytest.mark.parametrize("method", ["dawid-skene", "one-coin", "pooled"])
def test_the_odds_of_a_unit_are_those_of_the_whole_fit(method):
    """The kept matrices give, unit by unit, what the fit says of all at once."""
    heard = crowd()
    made = tables(heard)
    fit = learn(made.groups, None, method)
    kept = json.loads(json.dumps(learnt(fit, made.groups)))
    trust = Trust({}, read(kept))
    for number, unit in enumerate(made.groups.tasks):
        some = [one for one in heard if one.unit == unit]
        said = [CATEGORIES.index(one.category) for one in some]
        odds = group_odds(trust, [one.who for one in some], said)
        assert odds == pytest.approx(fit.probabilities_[number], abs=2e-3)
    newcomer = group_odds(trust, ["who has come since"], [0])
    assert newcomer == pytest.approx(
        trust.groups.priors
        * trust.groups.crowd[:, 0]
        / (trust.groups.priors * trust.groups.crowd[:, 0]).sum()
    )


def test_the_odds_of_images_are_bayes_written_out():
    rng = np.random.default_rng(2)
    matrices = {who: np.array([[a, 1 - a], [0.2, 0.8]]) for who, a in CROWD.items()}
    known = Matrices(matrices, np.full((2, 2), 0.5), np.array([0.3, 0.7]))
    votes = rng.integers(0, 2, (4, 9)).astype(float)
    votes[0, 3] = np.nan
    found = image_odds(known, list(CROWD), votes)
    for place in range(9):
        odds = []
        for truth in (0, 1):
            chance = known.priors[truth]
            for who, vote in zip(CROWD, votes[:, place], strict=True):
                chance *= 1.0 if np.isnan(vote) else matrices[who][truth, int(vote)]
            odds.append(chance)
        assert found[place] == pytest.approx(odds[1] / sum(odds))
    sure = Matrices({"a": np.eye(2)}, np.eye(2), np.array([0.0, 1.0]))
    assert np.isfinite(image_odds(sure, ["a"] * 400, np.zeros((400, 2)))).all()


def test_weights_are_log_odds_over_those_of_the_crowd():
    accuracy, answers = np.array([0.9, 0.6, 1 / 6, 0.05, 1.0]), [10, 20, 5, 5, 1]
    found = weights(accuracy, answers, 6)
    mean = float(np.average(accuracy, weights=answers))
    for a, weight in zip(accuracy[:2], found[:2], strict=True):
        assert isclose(weight, log(5 * a / (1 - a)) / log(5 * mean / (1 - mean)))
    assert found[2:].tolist() == pytest.approx([0.0, 0.0, HEAVIEST], abs=1e-9)
    assert weights(np.array([0.4, 0.4]), [3, 3], 6) == pytest.approx([1.0, 1.0])
    assert weights(np.array([0.1, 0.1]), [3, 3], 6).tolist() == [1.0, 1.0]  # worse than chance


def test_only_some_methods_tie_kinds_of_workers():
    made = tables(crowd())
    kinds = np.array([0, 0, 1, 1])
    fit = learn(made.groups, None, "dawid-skene", kinds)
    assert np.array_equal(fit.confusions_[0], fit.confusions_[1])
    assert not np.array_equal(fit.confusions_[1], fit.confusions_[2])
    for method in TIEABLE:
        insist_on(method, tied=True)
    with pytest.raises(ValueError, match="mace does not tie kinds of workers"):
        learn(made.groups, None, "mace", kinds)
    with pytest.raises(ValueError, match="no method 'oracle'"):
        insist_on("oracle")


def test_a_consensus_follows_what_was_judged():
    said = [
        Said("a", "lamp", "object", frozenset({0})),
        Said("b", "bed", "part", frozenset({0})),
        Said("c", "bed", "part", frozenset()),
    ]
    by_head = decide(said, 3, frozenset())
    assert (by_head.category, by_head.how_category, by_head.kept) == ("part", "majority", [1, 2])
    basis = Basis({"a": 3.0}, category="object", fits={0: 0.8, 1: 0.5, 2: 0.1})
    found = decide(said, 3, frozenset(), "concepts", basis)
    assert (found.concept, found.category, found.how_category) == ("lamp", "object", "likeliest")
    assert (found.kept, found.tied) == ([0], [1])
    assert (found.precision, found.votes) == (by_head.precision, by_head.votes)
    assert found.agreement == pytest.approx(1 / 3)
    alone = decide(said[:1], 3, frozenset(), "majority", basis)
    assert alone.how_category == "single"
