"""The page of matches in a real Chromium: by keyboard, without scripts, on a phone, in the dark."""

import pytest
from playwright.sync_api import expect

from analysis.models import ConceptMatch
from analysis.services.match_decisions import Wish, change
from analysis.services.matching import match_of
from tests.analysis.test_matching import BED, LABELS
from tests.api import rows
from tests.browser.conftest import accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADDRESS = "/findings/net/matches/"


@pytest.fixture
def run(live_server, researcher):
    """A run over masks of a public network: a name by WordNet, one by a person, one of no class."""
    made = rows.run(rows.network("net", public=True), rows.image_set("rooms", labels=LABELS))
    for channel, concept in enumerate(("couch", "beds", "furniture in the style of an attic")):
        rows.label(rows.unit(made.network, "conv1", channel), concept, run=made)
    change(match=match_of(made.image_set, "beds"), wish=Wish("none"), user=researcher)
    return made


@pytest.mark.parametrize(
    "screen", [{}, {"dark": True}, {"width": 360, "height": 740, "touch": True}]
)
def test_it_is_accessible_and_no_wider_than_the_screen(browser_page, run, researcher, screen):
    page = browser_page(user=researcher, **screen)
    page.goto(ADDRESS)
    page.get_by_text("History: 1 decision").click()
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("rowheader", name="couch")).to_be_visible()
    accessible(page)
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0


@pytest.mark.parametrize("scripts", [True, False])
def test_a_match_is_changed_and_undone_by_keyboard_alone(browser_page, run, researcher, scripts):
    page = browser_page(user=researcher, java_script_enabled=scripts)
    page.goto(ADDRESS)
    page.get_by_label("What couch means").focus()
    page.keyboard.type("bed")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("couch means bed now: a person.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="couch")
    assert ConceptMatch.objects.get(concept="couch").label == BED
    row.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("couch means sofa now: WordNet.")).to_be_visible()
    assert ConceptMatch.objects.get(concept="couch").how == "wordnet"


def test_a_reader_finds_no_form(browser_page, run):
    page = browser_page()
    page.goto(ADDRESS)
    expect(page.get_by_role("columnheader")).to_have_count(3)
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    accessible(page)
