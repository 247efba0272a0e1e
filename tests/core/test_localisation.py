"""Scene and objects of one pass against the same found unit by unit, pixel by pixel."""

from math import exp

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.fields import FieldMask, LayerFields, LayerGrid, disc
from analysis.core.localisation import (
    SHARES,
    NamedUnits,
    boxes,
    objects,
    scene,
)
from analysis.core.quantiles import Sketch

OWN = FieldMask("own", np.ones((3, 5), bool))
GRID = LayerGrid(5, 6, 40, 48, size=9, stride=8, offset=4.0)


def counted(values):
    """The counts of a scan that saw these activations, (units, locations)."""
    sketch = Sketch(len(values))
    sketch.add(torch.tensor(values, dtype=torch.float32).T[None])
    state = sketch.state()
    return state["counts"], int(state["first"][0])


def named(seed, units=4, own=(), top=0.1):
    """Units of one layer whose scan saw 400 activations each."""
    chance = np.random.default_rng(seed)
    seen = chance.gamma(2.0, 1.0 + chance.random((units, 1)), (units, 400))
    fields = LayerFields(disc(7), dict.fromkeys(own, OWN))
    concepts = ["bed", "lamp", "bed", "wall", "chair"]
    labelled = [(2 * unit, concepts[unit % 5]) for unit in range(units)]
    # Channels that nobody named lie between: their counts must not be taken.
    spaced = np.repeat(seen, 2, axis=0)
    spaced[1::2] *= 100
    return NamedUnits.of(labelled, counted(spaced), (fields, GRID), top), seen


def slow_objects(maps, group):
    """The paper's words: threshold every map, stamp the field at every location left, unite."""
    masks, units = {}, {}
    for unit, channel in enumerate(group.channels):
        for row in range(GRID.rows):
            for column in range(GRID.columns):
                activation = float(maps[channel, row, column])
                if activation <= group.thresholds[unit]:
                    continue
                concept = group.concepts[unit]
                mask = masks.setdefault(concept, np.zeros((GRID.height, GRID.width), bool))
                covers = group.fields.for_unit(channel).covers
                y, x = (int(place) for place in GRID.centre(row, column))
                for dy in range(covers.shape[0]):
                    for dx in range(covers.shape[1]):
                        at = y + dy - covers.shape[0] // 2, x + dx - covers.shape[1] // 2
                        inside = 0 <= at[0] < GRID.height and 0 <= at[1] < GRID.width
                        if covers[dy, dx] and inside:
                            mask[at] = True
                strongest = units.setdefault(concept, {})
                strongest[channel] = max(strongest.get(channel, -1e9), activation)
    return masks, units


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 9999), own=st.sets(st.sampled_from([0, 2, 4, 6])))
def test_objects_are_those_of_the_slow_way(seed, own):
    group, _ = named(seed, own=own)
    maps = np.random.default_rng(seed + 1).gamma(2.0, 1.6, (8, 5, 6)).astype(np.float32)
    masks, units = slow_objects(maps, group)
    found = {one.concept: one for one in objects({"late": maps}, {"late": group})}
    assert set(found) == set(masks)
    for concept, one in found.items():
        assert np.array_equal(one.mask, masks[concept])
        assert {channel for _, channel, _ in one.units} == set(units[concept])
        scores = {
            channel: group.score(group.channels.index(channel), activation)
            for channel, activation in units[concept].items()
        }
        assert {channel: score for _, channel, score in one.units} == pytest.approx(scores)
        assert one.score == max(scores.values())
        assert [score for *_, score in one.units] == sorted(scores.values(), reverse=True)


def test_units_of_one_concept_in_two_layers_are_one_object():
    group, _ = named(3)
    maps = np.full((8, 5, 6), 0.01, np.float32)
    early, late = maps.copy(), maps.copy()
    early[0, 0, 0] = late[4, 4, 5] = 1000  # both beds
    (bed,) = objects({"early": early, "late": late}, {"early": group, "late": group})
    assert [(module, channel) for module, channel, _ in bed.units] == [("early", 0), ("late", 4)]
    assert bed.score == pytest.approx(1, abs=1e-4)
    assert len(bed.boxes) == 2
    assert bed.mask[4, 4]
    assert bed.mask[36, 44]


def test_the_strongest_object_comes_first():
    group, seen = named(5)
    maps = np.zeros((8, 5, 6), np.float32)
    maps[2, 1, 1] = 1000  # lamp
    maps[6, 3, 3] = np.quantile(seen[3], 0.93)  # wall, barely on
    assert [one.concept for one in objects({"m": maps}, {"m": group})] == ["lamp", "wall"]


def test_nothing_above_threshold_is_no_object():
    group, _ = named(1)
    assert objects({"m": np.zeros((8, 5, 6), np.float32)}, {"m": group}) == []
    assert objects({}, {}) == []


def test_a_unit_that_never_fires_is_never_on():
    silent = NamedUnits.of(
        [(0, "ghost")], counted(np.zeros((1, 400))), (LayerFields(disc(3)), GRID)
    )
    assert objects({"m": np.zeros((1, 5, 6), np.float32)}, {"m": silent}) == []


def test_a_unit_without_a_distribution_is_refused_by_its_channel():
    counts, first = counted(np.ones((2, 400)))
    counts = counts.copy()
    counts[1] = 0
    with pytest.raises(ValueError, match="Unit 1 has no distribution"):
        NamedUnits.of([(0, "bed"), (1, "bed")], (counts, first), (LayerFields(disc(3)), GRID))


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"not 1\.5"):
        NamedUnits.of([], counted(np.ones((1, 4))), (LayerFields(disc(3)), GRID), top=1.5)


@pytest.mark.parametrize("unit", range(3))
def test_the_score_is_the_share_of_the_scanned_locations_that_are_weaker(unit):
    chance = np.random.default_rng(unit)
    seen = chance.gamma(2.0, 1.0, (3, 20_000))
    group = NamedUnits.of(
        [(u, "bed") for u in range(3)], counted(seen), (LayerFields(disc(3)), GRID), 0.1
    )
    for activation in np.quantile(seen[unit], [0.905, 0.92, 0.95, 0.97, 0.99, 0.999]):
        as_strong = (seen[unit] >= activation).mean()
        # The bins are 1.6% wide in activation, which is a little of the tail.
        assert group.score(unit, activation) == pytest.approx(1 - as_strong / 0.1, abs=0.08)
    assert group.score(unit, seen[unit].max() * 2) == pytest.approx(1, abs=1e-3)
    assert group.score(unit, 0.0) == 0
    assert group.rarity(unit, -5.0) == 1


def test_the_score_never_falls_as_the_activation_grows():
    group, seen = named(2)
    scores = [group.score(1, value) for value in np.linspace(0, seen[1].max() * 1.1, 500)]
    assert scores == sorted(scores)
    assert SHARES[0] == 1


def test_boxes_are_those_of_flooding_from_every_pixel():
    chance = np.random.default_rng(0)
    for _ in range(20):
        mask = chance.random((12, 15)) < 0.5
        left, slow = {(int(y), int(x)) for y, x in np.argwhere(mask)}, []
        while left:
            part, edge = set(), {next(iter(left))}
            while edge:
                part |= edge
                around = {
                    (y + dy, x + dx)
                    for y, x in edge
                    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))
                }
                edge = around & left - part
            left -= part
            ys, xs = zip(*part, strict=True)
            slow.append((-len(part), (min(xs), min(ys), max(xs) + 1, max(ys) + 1)))
        assert boxes(mask) == tuple(box for _, box in sorted(slow))
    assert boxes(np.zeros((4, 4), dtype=bool)) == ()


def test_the_scene_is_the_softmax():
    scores = np.array([1.0, 3.0, 2.0], np.float32)
    whole = exp(1) + exp(3) + exp(2)
    found = scene(scores, ["bath", "bed", "kitchen"])
    assert [name for name, _ in found] == ["bed", "kitchen", "bath"]
    assert [share for _, share in found] == pytest.approx(
        [exp(3) / whole, exp(2) / whole, exp(1) / whole]
    )


def test_probabilities_are_taken_as_they_are():
    assert scene(np.array([0.25, 0.75]), []) == [("class 1", 0.75), ("class 0", 0.25)]


def test_large_scores_do_not_overflow():
    assert scene(np.array([5000.0, 0.0], np.float32), ["a", "b"])[0] == ("a", 1.0)


@pytest.mark.parametrize(
    ("output", "names", "sentence"),
    [
        (np.zeros((4, 7, 7)), [], "4 × 7 × 7"),
        (np.zeros(()), [], "one number"),
        (np.zeros(1), [], "no score of classes"),
        (np.zeros(1280), ["bed", "bath"], "1,280 outputs are no scores of its 2 classes"),
        (np.array([1.0, np.nan]), [], "not finite"),
    ],
)
def test_an_output_that_is_no_class_score_names_no_scene(output, names, sentence):
    with pytest.raises(ValueError, match=sentence):
        scene(output, names)
