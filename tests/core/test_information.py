"""Information of presence and scene: pair by pair, against a library, over every permutation."""

import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

from analysis.core.information import expected, information, most_informative, of_scenes


def tables(held, scene):
    """Return how many images of each scene hold each object, and the scenes' sizes."""
    scenes = range(max(scene) + 1)
    table = [
        [
            sum(h[c] for h, s in zip(held, scene, strict=True) if s == one)
            for c in range(len(held[0]))
        ]
        for one in scenes
    ]
    return np.array(table), np.array([list(scene).count(one) for one in scenes])


def slow(held, scene):
    """Return the information of one object, in bits, from shares counted by hand."""
    n, bits = len(scene), 0.0
    for s, h in itertools.product(set(scene), (True, False)):
        both = sum(a == s and b == h for a, b in zip(scene, held, strict=True)) / n
        if both:
            alone = list(scene).count(s) / n * (list(held).count(h) / n)
            bits += both * math.log2(both / alone)
    return bits


@pytest.fixture(scope="module")
def images():
    """Images of four scenes; objects that tell much, little, nothing, are everywhere, nowhere."""
    chance = np.random.default_rng(3)
    scene = chance.choice(4, 60, p=[0.4, 0.3, 0.2, 0.1])
    held = chance.random((60, 5)) < np.array([0.5, 0.5, 0.3, 2, -1])
    held[:, 0] = scene == 1
    held[:, 1] ^= scene == 2
    return held, scene


def test_information_is_that_of_the_definition_and_of_a_library(images):
    held, scene = images
    table, sizes = tables(held, scene)
    found = information(table, sizes)
    for place in range(held.shape[1]):
        assert found[place] == pytest.approx(slow(held[:, place], scene), abs=1e-12)
        library = mutual_info_score(scene, held[:, place]) / math.log(2)
        assert found[place] == pytest.approx(library, abs=1e-12)
    assert found[3] == found[4] == 0


def test_its_bias_is_the_mean_over_every_permutation():
    scene, held = [0, 0, 1, 1, 1, 2], [True, False, False, True, False, False]
    means = [slow(held, dealt) for dealt in itertools.permutations(scene)]
    found = expected(np.array([2]), np.array([2, 3, 1]))
    assert found[0] == pytest.approx(sum(means) / len(means))


def test_its_bias_is_that_of_a_library(images):
    held, scene = images
    table, sizes = tables(held, scene)
    for place, value in enumerate(expected(table.sum(0), sizes)):
        counted = contingency_matrix(scene, held[:, place])
        library = expected_mutual_information(counted, len(scene)) / math.log(2)
        assert value == pytest.approx(library, abs=1e-9)


def test_what_tells_most_of_a_scene_is_found_there_more_often(images):
    held, scene = images
    table, sizes = tables(held, scene)
    told = of_scenes(table, sizes)
    for one, place in itertools.product(range(4), range(5)):
        here, there = held[scene == one, place].mean(), held[scene != one, place].mean()
        if here <= there:
            assert told[one, place] == -np.inf
            continue
        bias = expected(np.array([held[:, place].sum()]), np.bincount(scene == one))
        assert told[one, place] == pytest.approx(slow(held[:, place], scene == one) - bias[0])
    best = most_informative(told, 1)
    assert best[1].tolist() == [True, False, False, False, False]
    assert not most_informative(np.full((2, 3), -0.1), 2).any()
    assert most_informative(np.ones((1, 3)), 2).tolist() == [[True, True, False]]


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="there are no images"):
        information(np.zeros((2, 3), int), np.zeros(2, int))


def test_an_object_of_one_scene_tells_as_much_of_it_as_of_all_until_chance_is_taken_off():
    """Why the page of a scene has a little more bits than the page Objects."""
    table, sizes = np.array([[9], [0], [0]]), np.array([10, 20, 30])
    here = np.array([[9], [0]]), np.array([10, 50])
    [of_all], [of_one] = information(table, sizes), information(*here)
    assert of_all == pytest.approx(of_one)
    [chance] = expected(table.sum(0), sizes)
    assert of_scenes(table, sizes)[0, 0] > of_all - chance
