"""Minimal images against the paper's words taken literally, and what the lazy search promises."""

import numpy as np
import pytest
import torch

from analysis.core.minimal import How, minimal
from tests.core.test_poisson import slow as integrated

FINE = How(tolerance=1e-6)


def a_score(seed, classes=4, side=12):
    """A small network that is not linear."""
    chance = torch.Generator().manual_seed(seed)
    first = torch.randn((16, 3 * side * side), generator=chance) / side
    second = torch.randn((classes, 16), generator=chance)
    return lambda pictures: pictures.flatten(1).matmul(first.T).tanh().matmul(second.T)


def an_image(seed, side=12):
    return torch.randn((3, side, side), generator=torch.Generator().manual_seed(seed))


def patches(side=12, across=3):
    """A grid of regions."""
    place = np.arange(side) * across // side
    return place[:, None] * across + place[None, :]


def literal(image, number, label, score):
    """Remove again and again what lowers the score of the correct class least, until it is lost."""

    def told(gone):
        picture = integrated(image.numpy(), np.isin(number, gone))
        return score(torch.from_numpy(picture).float()[None])[0].double()

    def first_is_correct(gone):
        return int(told(gone).argmax()) == label

    gone, left = [], list(range(number.max() + 1))
    assert first_is_correct(gone)
    while left:
        drops = []
        for region in left:
            before = told(gone).softmax(0)[label]
            drops.append(float(before - told([*gone, region]).softmax(0)[label]))
        least = left[int(np.argmin(drops))]
        if not first_is_correct([*gone, least]):
            return gone, least
        gone.append(least)
        left.remove(least)
    return gone, None


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_the_paper_says(seed):
    image, number, score = an_image(seed), patches(), a_score(seed)
    label = int(score(image[None]).argmax())
    gone, lost = literal(image, number, label, score)
    found = minimal(image, number, label, score, FINE)
    assert [removal.region for removal in found.removals] == gone
    assert (found.lost.region if found.lost else None) == lost
    assert all(removal.first == label for removal in found.removals)
    told = score(image[None])[0].double().log_softmax(0)[label]
    assert found.before == pytest.approx(float(told))
    kept = found.kept(number)
    assert kept.mean() == pytest.approx(1 - len(gone) / 9)


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
def test_how_many_at_once_does_not_matter(at_once):
    image, number, score = an_image(3), patches(), a_score(3)
    label = int(score(image[None]).argmax())
    wanted = minimal(image, number, label, score, FINE)
    found = minimal(image, number, label, score, How(at_once=at_once, tolerance=1e-6))
    assert [one.region for one in found.removals] == [one.region for one in wanted.removals]
    assert found.looked == wanted.looked


@pytest.mark.parametrize("seed", range(8))
def test_the_lazy_search_asks_less_and_says_what_is_true_of_its_own_way(seed):
    image, number, score = an_image(seed), patches(12, 4), a_score(seed)
    label = int(score(image[None]).argmax())
    exact = minimal(image, number, label, score, FINE)
    lazy = minimal(image, number, label, score, How(lazy=True, tolerance=1e-6))
    assert lazy.looked <= exact.looked
    assert all(removal.first == label for removal in lazy.removals)
    assert lazy.removals[:1] == () or lazy.removals[0].region == exact.removals[0].region
    for at, removal in enumerate(lazy.removals):  # the scores are those of its pictures
        gone = [one.region for one in lazy.removals[: at + 1]]
        picture = torch.from_numpy(integrated(image.numpy(), np.isin(number, gone))).float()
        told = score(picture[None])[0].double().log_softmax(0)[label]
        assert removal.score == pytest.approx(float(told), abs=1e-3)


def test_where_costs_only_grow_the_lazy_search_is_exact():
    """Each region is a bump on a flat ground; the class needs their weighted sum."""
    number = patches(24, 4)
    bumps = torch.zeros(3, 24, 24)
    bumps[:, 3::6, 3::6] = 1.0  # within the regions, so that a removed one is flat
    weight = torch.rand((4, 4), generator=torch.Generator().manual_seed(4))

    def score(pictures):
        total = (pictures[:, 0, 3::6, 3::6] * weight).sum(dim=(1, 2))
        return torch.stack([-((8.0 - total) ** 2) / 20, torch.full_like(total, -1.2)], dim=1)

    exact = minimal(bumps, number, 0, score, FINE)
    lazy = minimal(bumps, number, 0, score, How(lazy=True, tolerance=1e-6))
    assert 2 <= len(exact.removals) < 16
    assert [one.region for one in lazy.removals] == [one.region for one in exact.removals]
    assert lazy.looked < exact.looked


def test_an_image_of_another_class_has_no_minimal_image():
    image, score = an_image(0), a_score(0)
    wrong = int(score(image[None]).argmin())
    assert minimal(image, patches(), wrong, score) is None


def test_one_region_only_and_a_constant_image():
    image, score = torch.full((3, 12, 12), 0.5), a_score(2)
    label = int(score(image[None]).argmax())
    found = minimal(image, np.zeros((12, 12), int), label, score)
    assert found.lost is None  # nothing is left, and the class is still the first
    assert [one.region for one in found.removals] == [0]
    assert torch.allclose(found.removals[0].picture, image)


def test_a_class_that_is_never_lost_says_so():
    found = minimal(an_image(0), patches(), 0, lambda p: torch.tensor([[1.0, 0.0]] * len(p)))
    assert found.lost is None
    assert [one.region for one in found.removals] == list(range(9))  # ties: the lower number
    assert not found.kept(patches()).any()
