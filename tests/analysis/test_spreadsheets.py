"""No text leaves us as a live formula, and every text comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.services.spreadsheets import neutralise, restore


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example";"click")',
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1+1",
        "\u00a0=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(A1)",
        "\u22121",
        "'=1+1",
        "''=1+1",
    ],
)
def test_a_formula_gets_an_apostrophe_in_front(text):
    assert neutralise(text) == f"'{text}"
    assert restore(neutralise(text)) == text


@pytest.mark.parametrize("text", ["", "lamp", "a=b", "t-shirt", "'quoted'", "狗", "3 dogs", " x"])
def test_other_text_stays_as_it_is(text):
    assert neutralise(text) == text
    assert restore(text) == text


@given(st.text(alphabet=st.sampled_from("'=+-@ \t\r\n＝ax") | st.characters(), max_size=8))
def test_every_text_comes_back(text):
    assert restore(neutralise(text)) == text
    assert not neutralise(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
