"""The shuffle of numbers: one to one, undone exactly, unlike for unlike seeds."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.mixing import mixed, unmixed


@settings(deadline=None)
@given(number=st.integers(0, 2**32 - 1), seed=st.integers(0, 2**40))
def test_every_number_comes_back(number, seed):
    place = mixed(torch.tensor(number), seed)
    assert 0 <= place.item() < 2**32
    assert unmixed(place, seed).item() == number


def test_no_two_numbers_share_a_place():
    places = mixed(torch.arange(100_000), 1)
    assert len(places.unique()) == 100_000


def test_it_is_arithmetic_modulo_two_to_the_32():
    def literal(number, seed):
        x = (number ^ (seed * 0x9E3779B1 + 0x7F4A7C15)) % 2**32
        x = ((x ^ (x >> 16)) * 0x7FEB352D) % 2**32
        x = ((x ^ (x >> 15)) * 0x846CA68B) % 2**32
        return x ^ (x >> 16)

    for number in (0, 1, 2**31, 2**32 - 1, 123_456_789):
        assert mixed(torch.tensor(number), 9).item() == literal(number, 9)


def test_places_are_even_and_seeds_are_unlike():
    numbers = torch.arange(64_000)
    first, second = mixed(numbers, 0), mixed(numbers, 1)
    shares = torch.bincount(first % 16, minlength=16) / 64_000
    assert (shares - 1 / 16).abs().max() < 0.01
    assert torch.corrcoef(torch.stack([first, second]).double())[0, 1].abs() < 0.02
