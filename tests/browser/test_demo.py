"""The demonstration as a stranger meets it: built by its command, walked through in Chromium."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.analysis.installation import Installation
from tests.analysis.test_up import READY, free_port
from tests.browser.conftest import PATIENCE, accessible
from tests.browser.labelling import choose, count, toggle_all

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL = ("--images", "220", "--units", "24")
LINK = re.compile(r"/label/demo-open/\?k=\S+")
SIGN_IN = re.compile(r"name (\S+)\s+password (\S+)")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A small demonstration, built and served by the one command."""
    with Installation(tmp_path_factory.mktemp("demo"), TORCH_THREADS="0") as here:
        here.start("demo", "--port", str(free_port()), *SMALL)
        for _ in range(15):  # a minute each: building takes longer than anything else
            try:
                here.wait_for(lambda: READY.search(here.log()), "the address")
                break
            except AssertionError:
                assert here.processes[0].poll() is None, here.log()[-4000:]
        here.site = READY.search(here.log())[1].rstrip("/")
        yield here


@pytest.fixture
def open_page(chromium, demo):
    """Return a function that opens a page of a browser of its own; its console must be silent."""
    contexts, errors = [], []

    def opened(**more):
        context = chromium.new_context(
            base_url=demo.site, viewport={"width": 1366, "height": 768}, reduced_motion="reduce",
            **more,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda line: line.type == "error" and errors.append(line.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def planted(demo, page):
    """Return the planted places of the unit that a page shows."""
    lease = int(re.search(r"/label/demo-open/(\d+)/", page.url)[1])
    return json.loads(
        demo.value(
            "SELECT controls FROM annotate_task JOIN annotate_assignment"
            f" ON annotate_assignment.task_id = annotate_task.id"
            f" WHERE annotate_assignment.id = {lease}"
        )
    )


def learn(demo, page):
    """Look at the worked units, then practise as the masks say."""
    page.get_by_role("link", name="See the worked units").click()
    for number in (1, 2, 3):
        expect(page.get_by_role("heading", name=f"Worked unit {number} of 3")).to_be_visible()
        expect(page.get_by_text("answer computed from masks")).to_be_visible()
        page.wait_for_load_state("load")  # its script hears the keys
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Begin the practice").click()
    for link in ("Next practice unit", "See the result"):
        page.wait_for_selector("form.ready")
        number = int(re.search(r"/practice/(\d+)/", page.url)[1])
        asked = f"SELECT lesson_id FROM annotate_practiceanswer WHERE id = {number}"
        lesson = f"FROM annotate_lesson WHERE id = ({asked})"
        page.locator("#concept").fill(demo.value(f"SELECT concept {lesson}"))
        choose(page, demo.value(f"SELECT category {lesson}"))
        toggle_all(page, json.loads(demo.value(f"SELECT rejected {lesson}")))
        page.get_by_role("button", name="Submit").click()
        page.get_by_role("link", name=link).click()
    page.get_by_role("link", name="To the first unit").click()


def test_object_detectors_emerge_in_the_trained_network_and_not_in_the_untrained(demo):
    """docs/demonstration.md states the numbers for 1,100 pictures."""
    told = r"{}: (\d+) of 128 units of conv5 detect an object(?: of (\d+) class)?"
    trained = re.search(told.format("trained on scene names"), demo.log())
    untrained = re.search(told.format("untrained copy"), demo.log())
    assert int(trained[1]) >= 60
    assert int(trained[2]) >= 10
    assert int(untrained[1]) <= 10
    assert "synthetic" in demo.log()


def test_a_stranger_labels_one_unit_by_mouse_and_another_by_keyboard(demo, open_page):
    page = open_page()
    page.goto(LINK.search(demo.log())[0])
    page.get_by_role("button", name="Start labelling").click()
    learn(demo, page)
    page.wait_for_selector("form.ready")
    page.locator("#concept").fill("sofa")
    choose(page, "object")
    toggle_all(page, planted(demo, page))
    count(page, 57, 3)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("link", name="Next unit")).to_be_focused()

    keys = page.keyboard
    keys.press("Enter")
    page.wait_for_selector("form.ready")
    keys.type("tree")
    keys.press("Tab")
    keys.press("Space")
    for _ in range(4):
        keys.press("ArrowRight")
    for _ in range(3):  # All fit, Submit, the grid: one tab stop
        keys.press("Tab")
    shown = "all => all.map(one => Number(one.dataset.place))"
    order = page.eval_on_selector_all(".shot", shown)
    here = 0
    for wanted in sorted(order.index(place) for place in planted(demo, page)):
        for _ in range(wanted - here):
            keys.press("ArrowRight")
        here = wanted
        keys.press("Space")
    count(page, 57, 3)
    keys.press("Control+Enter")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert demo.value("SELECT count(*) FROM annotate_answer JOIN annotate_worker ON"
                      " annotate_answer.worker_id = annotate_worker.id"
                      " WHERE kind = 'person'") == 2  # fmt: skip


def sign_in(demo, page):
    """Sign in as the demonstration's own user."""
    name, password = SIGN_IN.search(demo.log()).groups()
    page.goto("/sign-in/?next=/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()


@pytest.mark.parametrize(
    "address",
    [
        "meanings/?source=simulated", "objects/?source=machine", "segments/", "preferences/",
        "detectors/", "people/", "localisation/", "against/?other=demo-untrained&tab=detectors",
        "against/?other=demo-untrained&tab=objects",
        "against/?other=demo-untrained&tab=preferences",
    ],
)  # fmt: skip
def test_findings_have_drawings_that_say_they_are_synthetic(demo, open_page, address):
    page = open_page()
    sign_in(demo, page)
    page.goto(f"/findings/demo-scene-net/{address}")
    expect(page.locator("figure svg").first).to_be_visible()
    expect(page.locator(".notice", has_text="synthetic").first).to_be_visible()
    accessible(page)


def test_a_unit_a_concept_and_a_scene_are_shown(demo, open_page):
    page = open_page()
    sign_in(demo, page)
    best = (
        "SELECT {} FROM analysis_unitsemantics m JOIN analysis_unit u ON m.unit_id = u.id"
        " JOIN analysis_layer l ON u.layer_id = l.id WHERE m.source = 'machine'"
        " AND l.name = 'conv5' ORDER BY m.id LIMIT 1"
    )
    concept, channel = demo.value(best.format("m.concept")), demo.value(best.format("u.channel"))
    for address, words in (
        (f"/atlas/demo-scene-net/conv5/{channel}/", concept),
        (f"/atlas/concepts/{concept}/", concept),
        ("/atlas/scenes/demo-world/bedroom/", "bedroom"),
    ):
        assert page.goto(address).status == 200
        expect(page.get_by_role("heading", level=1)).to_contain_text(words)
        assert page.locator("main img").count() > 0
        accessible(page)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_page_of_the_researcher_is_accessible_and_silent(demo, open_page, colours):
    page = open_page(color_scheme=colours)
    sign_in(demo, page)
    drawn = "JOIN analysis_job j ON j.run_id = r.id WHERE j.step = 'segment'"
    run = demo.value(f"SELECT r.key FROM analysis_run r {drawn}")[:12]
    for address in (
        "/", f"/runs/{run}/", "/runs/new/", "/networks/demo-scene-net/", "/networks/add/",
        "/image-sets/demo-world/", "/image-sets/add/", "/campaigns/demo-open/",
        "/campaigns/demo-open/teaching/", "/campaigns/demo-simulated/", "/campaigns/new/",
        f"/campaigns/new/?run={run}", "/atlas/",
        "/atlas/demo-scene-net/", "/atlas/demo-scene-net/conv5/", "/atlas/demo-scene-net/conv5/0/",
        "/account/", "/label/",
    ):  # fmt: skip
        answer = page.goto(address)
        assert answer.status == 200, address
        accessible(page)


def test_labelled_units_leave_as_a_table(demo, tmp_path):
    output = tmp_path / "units.csv"
    demo.run("export_units", "--source", "simulated", "--format", "csv", "--output", output)
    rows = output.read_text("utf-8-sig").splitlines()
    assert rows[0].startswith("network,layer,unit,concept,category,precision,")
    simulated = "SELECT count(*) FROM analysis_unitsemantics WHERE source = 'simulated'"
    assert len(rows) == 1 + demo.value(simulated) == 25
    assert all(",simulated," in row for row in rows[1:])
