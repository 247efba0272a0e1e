"""The look keeps its promises: contrast in both modes, one order of groups, nothing inline."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
BASE = (ROOT / "static/css/base.css").read_text()
GROUPS = ["simple", "texture", "region", "part", "object", "scene"]
WORDS = ["ink", "muted", "accent", "good", "warning", "bad"]


def tokens(block):
    """Return the colours of a block of custom properties."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


LIGHT = tokens(BASE[BASE.index(":root {") : BASE.index("@media (prefers")])
CHOSEN_DARK = tokens(BASE[BASE.index(':root[data-theme="dark"]') : BASE.index("/* ---- The page")])
SYSTEM_DARK = tokens(BASE[BASE.index("@media (prefers") : BASE.index(':root[data-theme="dark"]')])


def luminance(colour):
    """Return the relative luminance as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Return the contrast ratio of two colours."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_dark_is_the_same_whether_the_system_or_the_reader_chose_it():
    assert SYSTEM_DARK == CHOSEN_DARK


@pytest.mark.parametrize("mode", [LIGHT, CHOSEN_DARK], ids=["light", "dark"])
def test_words_and_edges_stand_out_from_every_ground(mode):
    for ground in ("ground", "raised", "sunken"):
        for word in WORDS:
            assert contrast(mode[word], mode[ground]) >= 4.5, (word, ground)
        for edge in ("edge", *GROUPS):
            assert contrast(mode[edge], mode[ground]) >= 3.0, (edge, ground)
    assert contrast(mode["accent-ink"], mode["accent"]) >= 4.5
    for wash in ("accent-wash", "good-wash", "warning-wash", "bad-wash"):
        assert contrast(mode["ink"], mode[wash]) >= 4.5


@pytest.mark.parametrize("mode", [LIGHT, CHOSEN_DARK], ids=["light", "dark"])
def test_the_six_groups_run_from_light_to_dark(mode):
    steps = [luminance(mode[group]) for group in GROUPS]
    assert steps == sorted(steps, reverse=True)


def test_templates_hold_no_inline_style_or_script():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\bsrc=)", text), path


def test_every_file_of_the_look_says_its_purpose_first():
    own = [*(ROOT / "static/css").rglob("*.css"), *(ROOT / "static/js").rglob("*.js")]
    for path in own:
        assert path.read_text().startswith(("/* ", "// ")), path
    for path in (ROOT / "templates").rglob("*.html"):
        assert path.read_text().startswith("{#"), path


def test_what_others_wrote_stands_with_its_version_and_licence():
    told = (ROOT / "static/vendor/VERSION.md").read_text()
    for path in (ROOT / "static/vendor").glob("*.js"):
        assert path.name in told
        assert (path.parent / f"{path.name.split('.')[0]}.LICENSE").exists(), path
