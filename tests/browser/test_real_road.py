"""The whole road on real input: a pretrained network, 1,449 photographs, three people, one table.

The real commands run in processes of their own, on an installation of its own; the answers are
given in a real Chromium before its real web server, while its real worker counts them.
"""

import csv
import json
import re
import time

import pytest
from playwright.sync_api import expect

from tests.analysis.installation import Installation
from tests.analysis.test_up import READY, free_port
from tests.browser.conftest import PATIENCE
from tests.browser.labelling import choose, count, toggle_all

pytestmark = [pytest.mark.browser, pytest.mark.data, pytest.mark.slow]

LAYER, CHANNELS, UNIT = "blocks.1", 24, 7
TOP, LOW, SHOWN, PLANTED = 60, 12, 60, 3
# What three people say, and which of the images that are not planted they reject (by rank).
ANSWERS = [
    ("window", "object", [50, 51, 52, 55]),
    ("Windows", "object", [50, 51, 53]),
    ("bright square", "simple", [51, 52, 56]),
]
COLUMNS = (
    "network,layer,unit,concept,category,precision,precision_low,precision_high,answers,agreement,"
    "images_shown,images_kept,source,run,updated_at"
)


@pytest.fixture(scope="module")
def road(tmp_path_factory, shared_data):
    """An installation that serves and has done everything up to the campaign; what was said."""
    with Installation(tmp_path_factory.mktemp("road"), TORCH_THREADS="0") as here:
        here.start("up", "--port", str(free_port()))
        here.wait_for(lambda: READY.search(here.log()), "the address")
        here.wait_for(lambda: here.value("SELECT count(*) FROM analysis_listener"), "a worker")
        here.said = {
            line.split()[0]: here.run(*line.split(), patience=900)
            for line in (
                "add_network lite0 --arch efficientnet-lite0",
                f"add_images nyuv2 {shared_data / 'nyuv2'}",
                f"analyze lite0 nyuv2 --layers {LAYER} --wait",
                "open_campaign rooms --network lite0 --images nyuv2 --access link "
                f"--units {LAYER}/{UNIT} --answers 3",
            )
        }
        here.site = READY.search(here.log())[1].rstrip("/")
        yield here


@pytest.fixture
def people(chromium, road):
    """Pages of three browsers that know nothing of each other; their consoles must be silent."""
    contexts = [
        chromium.new_context(base_url=road.site, viewport={"width": 1366, "height": 768})
        for _ in ANSWERS
    ]
    errors = []
    for context in contexts:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", lambda line: line.type == "error" and errors.append(line.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
    yield [context.pages[0] for context in contexts]
    for context in contexts:
        context.close()
    assert [text for text in errors if "422" not in text] == []


def test_the_commands_say_what_they_found(road):
    """Counts of the network, of the images and of the pictures, as the folder has them."""
    line = rf"{LAYER} +{LAYER} +{CHANNELS} +56×56 +19 +4 "
    assert re.search(line, road.said["add_network"])
    assert "nyuv2: 1,449 images in 25 scenes, masks of 40 classes" in road.said["add_images"]
    assert "refused" not in road.said["add_images"]
    assert "is done; it took" in road.said["analyze"]
    assert "1,449 of 1,449 images" in road.said["analyze"]
    assert "rooms: 1 units, 3 answers each" in road.said["open_campaign"]
    tops = "SELECT count(*) FROM analysis_topimage WHERE \"end\" = '{}'"
    assert road.value(tops.format("top")) == CHANNELS * TOP
    assert road.value(tops.format("low")) == CHANNELS * LOW
    assert road.value("SELECT count(*) FROM analysis_segment") == CHANNELS * (TOP + LOW)


def test_three_people_label_a_unit_and_the_table_holds_what_they_said(road, people, tmp_path):
    """Precision and counts are computed here from the three answers, by the paper's words."""
    begin = re.search(r"/label/rooms/\?k=\S+", road.said["open_campaign"])[0]
    planted = json.loads(road.value("SELECT controls FROM annotate_task"))
    assert len(planted) == PLANTED
    genuine = [place for place in range(SHOWN) if place not in planted]
    for page in people:
        start(page, begin)
    submit_without_the_planted(people[0])
    for page, (concept, category, ranks) in zip(people, ANSWERS, strict=True):
        label(page, concept, category, [*planted, *(genuine[rank] for rank in ranks)])
    expect(people[-1].get_by_text("Your answer is in.")).to_be_visible()
    # The worker counts the answers by itself; the command says the same again.
    road.wait_for(lambda: labelled(road) == len(ANSWERS), "the consensus of three answers")
    before = road.value("SELECT updated_at FROM analysis_unitsemantics")
    assert "rooms: 1 of 1 units labelled, source people." in road.run("publish", "rooms")
    assert road.value("SELECT updated_at FROM analysis_unitsemantics") == before

    output = tmp_path / "units.csv"
    said = road.run("export_units", "--campaign", "rooms", "--format", "csv", "--output", output)
    assert "1 labelled units written to" in said
    header, *rest = output.read_text("utf-8-sig").splitlines()
    assert header == COLUMNS
    (row,) = csv.DictReader([header, *rest])
    check(row, road)


def start(page, address):
    """Come by the link as a newcomer, and wait until the unit can be labelled and is seen."""
    page.goto(address)
    page.get_by_role("button", name="Start labelling").click()
    page.wait_for_selector("form.ready")
    tiles = page.locator(".shot img")
    expect(tiles).to_have_count(SHOWN)
    loaded = "all => all.every(one => one.complete && one.naturalWidth > 0)"
    page.evaluate("document.querySelectorAll('.shot img').forEach(i => i.loading = 'eager')")
    deadline = time.monotonic() + PATIENCE / 1000
    while not page.eval_on_selector_all(".shot img", loaded):
        assert time.monotonic() < deadline, "not all pictures can be seen"
        page.wait_for_timeout(50)


def submit_without_the_planted(page):
    """Nothing in the page tells which images are planted, not even a refusal."""
    page.locator("#concept").fill("window")
    choose(page, "object")
    page.locator('[name="all_fit"]').check()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#images-error")).to_contain_text("clearly does not fit is still in")
    shapes = page.eval_on_selector_all(".shot", "all => all.map(one => one.outerHTML)")
    names = r'data-place="\d+"|Image \d+ |/pictures/[0-9a-f]{32}/|tabindex="-?\d"|loading="\w+"'
    assert len({re.sub(names, "", shape) for shape in shapes}) == 1


def label(page, concept, category, rejected):
    """Answer as a person does: words, group, the images that do not fit."""
    page.locator("#concept").fill(concept)
    choose(page, category)
    toggle_all(page, rejected)
    count(page, SHOWN - len(rejected), len(rejected))
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def labelled(road):
    """Return how many answers the unit's label rests on."""
    return road.value("SELECT answers FROM analysis_unitsemantics")


def check(row, road):
    """Compare the exported row with the three answers."""
    shown = SHOWN - PLANTED
    shares = [(shown - len(ranks)) / shown for _, _, ranks in ANSWERS]
    precision = sum(shares) / len(shares)
    dropped = [r for r in range(shown) if sum(r in ranks for _, _, ranks in ANSWERS) >= 2]
    assert (row["network"], row["layer"], row["unit"]) == ("lite0", LAYER, str(UNIT))
    assert (row["concept"], row["category"], row["source"]) == ("window", "object", "people")
    assert float(row["precision"]) == pytest.approx(precision, abs=1e-4)
    assert 0 < float(row["precision_low"]) < precision < float(row["precision_high"]) < 1
    assert (int(row["answers"]), float(row["agreement"])) == (3, pytest.approx(2 / 3, abs=1e-4))
    assert (int(row["images_shown"]), int(row["images_kept"])) == (shown, shown - len(dropped))
    assert row["run"] == road.value("SELECT key FROM analysis_run")[:12]
    assert row["updated_at"].startswith("20")
