"""Concepts that are the same words, and near in meaning; one row of a file; folded counts."""

import numpy as np
import pytest

from analysis.core import arrays, bins
from analysis.core.kinship import How, key, kin
from analysis.core.wordnet import installed


@pytest.mark.parametrize(
    ("one", "other", "how", "steps"),
    [
        ("bed", "Beds", How.SAME, 0),
        ("night stand", "a Nightstand", How.SAME, 0),
        ("Straße", "STRASSE", How.SAME, 0),
        ("床", "床", How.SAME, 0),
        ("sofa", "couch", How.SYNONYM, 0),
        ("bed", "bunk bed", How.KIND, 1),
        ("armchair", "chair", How.GENERAL, 1),
        ("chair", "furniture", How.GENERAL, 2),
    ],
)
def test_what_is_near(one, other, how, steps):
    assert vars(kin(one, other, installed())) == {"how": how, "steps": steps}


@pytest.mark.parametrize(
    ("one", "other"), [("bed", "lamp"), ("dog", "cat"), ("床", "bed"), ("", "x")]
)
def test_what_is_not(one, other):
    assert kin(one, other, installed()) is None


def test_without_wordnet_only_the_same_words_are_near():
    assert kin("sofa", "couch", None) is None
    assert kin("sofa", "sofas", None).how == How.SAME


@pytest.mark.parametrize("text", ["a", "the a", "..", "/", "%", "\u202e", "x" * 80])
def test_every_concept_has_a_key(text):
    assert key(text)
    assert key(text) == key(text.upper())


def test_one_row_is_read_of_one_array(tmp_path):
    path = tmp_path / "kept.npz"
    table = np.arange(12, dtype=np.int64).reshape(4, 3) * 10**6
    path.write_bytes(arrays.packed({"counts": table, "first": np.array([7]), "other": table + 1}))
    for place in range(4):
        assert arrays.row(path, "counts", place).tolist() == table[place].tolist()
    for name, place in (("counts", 4), ("counts", -1), ("none", 0)):
        with pytest.raises(KeyError):
            arrays.row(path, name, place)
    with pytest.raises(ValueError, match="no table"):
        arrays.row(path, "first", 0)


def test_folded_counts_are_those_of_a_loop():
    rng = np.random.default_rng(3)
    first = bins.SIDE - 40
    counts = rng.integers(0, 9, 900)
    edges = np.linspace(-0.3, 5.0, 14)
    slow = np.zeros(13)
    for count, middle in zip(counts, bins.middles()[first : first + 900], strict=True):
        for step in range(13):
            last = step == 12 and middle == edges[13]
            if edges[step] <= middle < edges[step + 1] or last:
                slow[step] += count
    assert bins.folded(counts, first, edges).tolist() == slow.tolist()
