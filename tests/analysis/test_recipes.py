"""Recipes: one spelling, one key, and a paragraph for the methods section."""

import dataclasses
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.services.methods import in_words
from analysis.services.recipes import Recipe
from analysis.services.steps import MOST_SHARDS, images_per_shard

RECIPE = Recipe(
    network="a" * 64,
    network_slug="alexnet",
    image_set="b" * 64,
    image_set_slug="nyu",
    layers=("conv1", "conv5"),
    modules=("features.0", "features.10"),
    top=60,
    steps=("scan", "segment"),
    precision="float32",
    shard=256,
)


def test_the_key_is_the_hash_of_the_canonical_spelling():
    """Anyone can check a key with two lines of Python."""
    spelled = json.dumps(RECIPE.to_json(), sort_keys=True, separators=(",", ":"))
    assert RECIPE.key == hashlib.sha256(spelled.encode()).hexdigest()


def test_the_key_of_a_known_recipe_never_changes():
    """Keys stand in papers and in file names: a new spelling needs a new version."""
    assert RECIPE.key == "5fb19f629e342ec894fc3ece66301f5173cfd92886ecc6efd8b314f040cee662"


def test_a_stored_recipe_is_read_back_the_same():
    """JSON makes lists of tuples; reading undoes it."""
    assert Recipe.from_json(RECIPE.to_json()) == RECIPE
    assert Recipe.from_json(json.loads(json.dumps(RECIPE.to_json()))).key == RECIPE.key


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Recipe)])
def test_every_part_of_the_recipe_is_part_of_the_key(field):
    """Two runs that differ in anything have two keys."""
    value = getattr(RECIPE, field)
    other = {
        int: lambda: value + 1,
        str: lambda: value + "x",
        tuple: lambda: value[:1],
        dict: lambda: {"locate": {"exact": True}},
    }
    changed = dataclasses.replace(RECIPE, **{field: other[type(value)]()})
    assert changed.key != RECIPE.key


def test_options_are_read_back_and_not_spelled_where_there_are_none():
    """So a run made before steps had options is found by the same request."""
    chosen = dataclasses.replace(RECIPE, options={"locate": {"exact": True}})
    assert "options" not in RECIPE.to_json()
    assert Recipe.from_json(chosen.to_json()) == chosen


@pytest.mark.parametrize("stored", [{}, {**RECIPE.to_json(), "colour": 1}, {"layers": None}])
def test_something_else_is_no_recipe(stored):
    """A recipe of a later version, or of nothing, is refused in a sentence."""
    with pytest.raises(ValueError, match="not the recipe of a run"):
        Recipe.from_json(stored)


@given(count=st.integers(1, 10**8), batch=st.integers(1, 512))
def test_shards_are_whole_batches_and_few(count, batch):
    """Ten million images make a few hundred shards, not a hundred thousand."""
    size = images_per_shard(count, batch)
    assert size % batch == 0
    assert -(-count // size) <= MOST_SHARDS


def test_the_methods_paragraph_names_what_a_reader_needs():
    """Network, images, layers, K, precision; the segmentation only where it was done."""
    words = in_words(RECIPE, images=1449)
    for part in ("alexnet", "1,449 images of nyu", "conv1, conv5", "60 images", "float32"):
        assert part in words
    assert "segmented" in words
    scan_only = dataclasses.replace(RECIPE, steps=("scan",))
    assert "segmented" not in in_words(scan_only, images=1449)
