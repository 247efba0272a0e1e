"""The paper's own released answers: our reading of words and precision against its numbers."""

from collections import Counter

import numpy as np
import pytest
from scipy.io import loadmat

from annotate.core.words import merge

pytestmark = pytest.mark.data

# PROTOCOL: units, mean precision, share of units where two of three wrote the same words; and
# how far merging spellings gets (recomputed here, so that a change of the rules shows).
KNOWN = {
    "pool1": (96, 0.797, 0.156, 0.42),
    "pool2": (256, 0.743, 0.195, 0.30),
    "conv3": (384, 0.743, 0.250, 0.35),
    "conv4": (384, 0.740, 0.331, 0.41),
    "pool5": (256, 0.778, 0.344, 0.44),
}


@pytest.fixture(scope="module")
def released(shared_data):
    """Answers by layer: rows of three times description, category, precision."""
    file = shared_data / "zhou2015" / "unitAnnotation_places205-alexnet.mat"
    cells = loadmat(file, squeeze_me=True)["layerAnnotation"]
    return {str(name): rows for rows, name in cells}


@pytest.mark.parametrize("layer", KNOWN)
def test_merging_words_finds_more_agreement_than_letters_do(released, layer):
    rows = released[layer]
    units, precision, same, merged = KNOWN[layer]
    words = [[str(row[i]) for i in (0, 3, 6)] for row in rows]
    letters = [max(Counter(w.strip().lower() for w in three).values()) >= 2 for three in words]
    ours = [merge(three).count(0) >= 2 for three in words]
    assert len(rows) == units
    assert np.mean([[row[i] for i in (2, 5, 8)] for row in rows]) == pytest.approx(
        precision, abs=5e-4
    )
    assert np.mean(letters) == pytest.approx(same, abs=5e-4)
    assert np.mean(ours) >= merged
    assert all(our or not plain for our, plain in zip(ours, letters, strict=True))
