"""Trying a network on an image in a real browser: chosen, dropped, by keyboard, without scripts."""

import base64
import re

import pytest
from playwright.sync_api import expect

from analysis.pipeline import segment
from tests.analysis.looking import name, photograph, scanned, small_net, worker  # noqa: F401
from tests.analysis.photographs import job_of, shards_of
from tests.browser.conftest import accessible, forgive

pytestmark = pytest.mark.browser  # looks and keys: one database will do
SCREENS = {
    "wide": {},
    "dark": {"dark": True},
    "phone": {"width": 390, "height": 844, "touch": True},
}
PAGE = "/try/small/"
FILE = {"name": "room.png", "mimeType": "image/png", "buffer": photograph((300, 240))}


@pytest.fixture
def public(live_server, scanned, worker):  # noqa: F811
    """A public network with named units and pictures, and a worker that answers at once."""
    for channel in range(7):
        name(scanned, channel, ["bed", "lamp", "picture frame"][channel % 3])
    for shard in shards_of(scanned, "segment"):
        segment.work(shard, lambda done: None)
    segment.finish(job_of(scanned, "segment"))
    scanned.network.public = True
    scanned.network.save()
    return scanned


def whole(page):
    """Fail when the page is wider than the screen."""
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0


@pytest.mark.parametrize("screen", SCREENS)
def test_a_chosen_image_is_answered_on_every_screen(browser_page, public, screen):
    page = browser_page(**SCREENS[screen])
    page.goto(PAGE)
    accessible(page)
    whole(page)
    page.get_by_label("An image of yours").set_input_files(FILE)
    expect(page.get_by_text("Most likely")).to_be_visible()
    accessible(page)
    whole(page)
    first = page.locator(".look g.object-1")
    expect(first).to_be_visible()
    page.locator(".objects label").first.click()
    expect(first).to_be_hidden()


def test_an_image_may_be_dropped(browser_page, public):
    page = browser_page()
    page.goto(PAGE)
    page.evaluate(
        """(data) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const held = new DataTransfer();
            held.items.add(new File([bytes], "room.png", { type: "image/png" }));
            const drop = new DragEvent("drop", { dataTransfer: held, bubbles: true });
            document.querySelector("#drop").dispatchEvent(drop);
        }""",
        base64.b64encode(FILE["buffer"]).decode(),
    )
    expect(page.get_by_text("Most likely")).to_be_visible()


def test_everything_works_by_keyboard(browser_page, public):
    page = browser_page()
    page.goto(PAGE)
    page.locator(".samples button").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Most likely")).to_be_visible()
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#object-1")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".look g.object-1")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    link = page.locator(".objects li").first.get_by_role("link").first
    link.click()
    expect(page).to_have_url(re.compile("/atlas/small/late/"))


def test_it_answers_without_scripts(browser_page, public):
    page = browser_page(java_script_enabled=False)
    page.goto(PAGE)
    page.get_by_label("An image of yours").set_input_files(FILE)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("Most likely")).to_be_visible()
    page.locator("#object-1").uncheck()
    expect(page.locator(".look g.object-1")).to_be_hidden()


def test_what_cannot_be_used_is_said_on_the_page(browser_page, public):
    page = browser_page()
    forgive(page, "422")
    page.goto(PAGE)
    page.get_by_label("An image of yours").set_input_files(
        {"name": "room.png", "mimeType": "image/png", "buffer": b"<svg/>"}
    )
    expect(page.get_by_role("alert")).to_contain_text("not an image")
    accessible(page)


def test_a_file_that_is_too_large_is_not_sent(browser_page, public):
    page = browser_page()
    page.goto(PAGE)
    page.locator("#try").evaluate("(form) => { form.dataset.largest = '10'; }")
    page.get_by_label("An image of yours").set_input_files(FILE)
    expect(page.get_by_role("alert")).to_contain_text("too large")
