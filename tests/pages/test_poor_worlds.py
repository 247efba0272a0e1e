"""Every page of findings where there is hardly anything to find: it says so and what to do."""

import json
import re
import warnings
from html import unescape

import numpy as np
import pytest
from PIL import Image

from analysis.models import ImageSet, Job, Network, State, UnitSemantics
from analysis.services import findings
from analysis.services.figure_pages import figures
from analysis.services.figures import Figure, Missing
from tests.analysis.counted import a_counted_run, a_room_set, finished
from tests.api import rows

pytestmark = pytest.mark.django_db  # not of rows: what is asked of a database is asked elsewhere
PAGES = [*findings.TABS, "against", "paper", "matches"]
NO_NUMBER = re.compile(r"(?<![\w-])(nan|NaN|inf|-inf|Infinity|None(?! of)|undefined)(?![\w-])")
SCRIPT = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)


def nothing(folder):
    """A network that nobody looked at."""
    rows.network("net", public=True)


def one_label(folder):
    """One unit has a label; no image set has masks."""
    rows.label(rows.unit(rows.network("net", public=True)), "bed")


def one_layer(folder):
    """A network of one layer whose units all have the same label."""
    network = rows.network("net", public=True, layers=("conv1",))
    for channel in range(3):
        rows.label(rows.unit(network, channel=channel), "bed")
    finished(a_counted_run(folder, given={"least_scene": 4}, network=network))


def all_below(folder):
    """No unit keeps to its concept well enough."""
    network = rows.network("net", public=True)
    for channel in range(3):
        rows.label(rows.unit(network, channel=channel), "bed", precision=0.1 * channel)
    finished(a_counted_run(folder, given={"least_scene": 4}, network=network))


def no_masks(folder):
    """Images of a run that have no masks, steps that found nothing."""
    network = rows.network("net", public=True)
    run = rows.run(network, rows.image_set("photos"))
    for position, step in enumerate(("locate", "prefer", "simplify", "dissect", "localise"), 2):
        Job.objects.create(run=run, step=step, position=position, queue="gpu", state=State.DONE)
    rows.label(rows.unit(network), "bed")
    ImageSet.objects.update(labels={})


def scenes_without_objects(folder):
    """Masks of which every pixel is void, and an object that no scene has."""
    network = rows.network("net", public=True)
    rows.label(rows.unit(network), "bed")
    made = a_room_set(folder / "rooms")
    for mask in sorted((folder / "rooms").glob("mask-*.png")):
        Image.fromarray(np.full((24, 32), 9, np.uint8)).save(mask)
    finished(a_counted_run(folder, given={"least_scene": 4}, image_set=made, network=network))


def constant(folder):
    """Every object has one unit: nothing that counts could go with."""
    network = rows.network("net", public=True, channels=6)
    for channel, concept in enumerate(("wall", "floor", "bed", "lamp", "oven")):
        rows.label(rows.unit(network, channel=channel), concept, precision=0.9)
    finished(a_counted_run(folder, given={"least_scene": 4}, network=network))


def no_scenes(folder):
    """Images whose scene nobody knows."""
    network = rows.network("net", public=True)
    rows.label(rows.unit(network), "bed")
    made = a_room_set(folder / "rooms", scenes=[""] * 8)
    finished(a_counted_run(folder, image_set=made, network=network))


WORLDS = (
    nothing,
    one_label,
    one_layer,
    all_below,
    no_masks,
    scenes_without_objects,
    constant,
    no_scenes,
)


@pytest.fixture(params=WORLDS, ids=lambda world: world.__name__)
def world(request, settings, tmp_path):
    """A poor world, and beside it a network that has no layer in common with the first."""
    settings.MEDIA_ROOT = tmp_path / "media"
    request.param(tmp_path)
    other = rows.network("other", public=True, layers=("mixed", "last"))
    if UnitSemantics.objects.exists():
        rows.label(rows.unit(other, "mixed"), "stripes", category="texture")
    return request.param.__name__


@pytest.mark.parametrize("page", PAGES)
def test_a_page_answers_in_words(client, world, page):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # numpy's word for dividing by zero
        answer = client.get(f"/findings/net/{page}/", {"other": "other"})
    assert answer.status_code == 200
    text = unescape(answer.content.decode())
    words = re.sub(r"<[^>]+>", " ", SCRIPT.sub(" ", text))
    assert not [words[m.start() - 60 : m.end() + 60] for m in NO_NUMBER.finditer(words)]
    for data in re.findall(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', text, re.S):
        json.loads(data, parse_constant=lambda word: pytest.fail(f"{word} in a figure"))
    shown = ('class="card finding"', 'class="empty"', "<table")
    assert any(mark in text for mark in shown)


@pytest.mark.parametrize("tab", findings.TABS)
def test_a_figure_has_rows_or_says_why_not(world, tab):
    for figure in figures(tab, Network.objects.get(slug="net"), {}):
        if isinstance(figure, Missing):
            assert figure.why.endswith(".")
            assert len(figure.why.split()) > 4
        else:
            assert isinstance(figure, Figure)
            assert figure.rows


@pytest.mark.parametrize("section", findings.TABS)
def test_two_networks_without_anything_in_common_are_compared_in_words(client, world, section):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        answer = client.get("/findings/net/against/", {"other": "other", "tab": section})
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", SCRIPT.sub(" ", unescape(answer.content.decode())))
    assert not [text[m.start() - 60 : m.end() + 60] for m in NO_NUMBER.finditer(text)]
