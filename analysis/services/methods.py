"""A run in words: the paragraph that a methods section needs."""

from analysis.services.recipes import Recipe
from analysis.services.steps import STEPS


def in_words(recipe: Recipe, images: int) -> str:
    """Return the recipe as a paragraph: network, images and precision, then step after step."""
    start = (
        f"We ran the network {recipe.network_slug} (sha256 {recipe.network[:12]}…) over the"
        f" {images:,} images of {recipe.image_set_slug} (sha256 {recipe.image_set[:12]}…)"
        f" with arithmetic in {recipe.precision}."
    )
    done = (STEPS[name].sentence(recipe) for name in recipe.steps if name in STEPS)
    return " ".join([start, *done])
