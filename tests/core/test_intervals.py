"""Wilson's interval against the textbook."""

import pytest

from analysis.core.intervals import wilson


def test_wilson_is_that_of_the_textbook():
    low, high = wilson(0.8, 50)
    assert (low, high) == (pytest.approx(0.6696, abs=1e-4), pytest.approx(0.8876, abs=1e-4))
    assert wilson(1.0, 57)[0] < 0.95
    with pytest.raises(ValueError, match="no interval"):
        wilson(1.2, 5)
