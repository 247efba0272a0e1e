"""Pages about workers in Chromium: an appeal from the worker's screen to the answer and back."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotate.models import Ruling
from annotate.services import rulings, worker_rules
from annotate.services.rulings import Order
from annotate.services.workers import worker_for
from tests.annotate.crew import a_crew, answer
from tests.annotate.factories import open_small_campaign
from tests.browser.conftest import accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign(live_server, researcher, worker_user):
    """A campaign where three have answered and Alice, a fourth, is paused."""
    made = open_small_campaign(
        units=4, slug="rooms", user=researcher, title="Rooms", control_rule="record", answers=4
    )
    a_crew(made)
    alice = worker_for(worker_user)
    for group in ("object", "part"):
        answer(alice, made, category=group, rejected=[0, 1], all_fit=False)
    fields = {"missed_above": 40, "missed_then": "pause", "minimum_answers": 6}
    worker_rules.set_rules(made, fields, researcher, timezone.now())
    why = "In the last two units the planted images are still in: please look at each one."
    rulings.rule_by_hand(alice, made, Order("paused", why, by=researcher), timezone.now())
    return made


@pytest.mark.parametrize("screen", [(1366, False), (1366, True), (360, False)])
def test_an_appeal_there_and_back_on_any_screen(
    browser_page, researcher, worker_user, campaign, screen
):
    width, dark = screen

    def sound(page, name):
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name

    his = browser_page(user=worker_user, width=width, dark=dark)
    his.goto("/label/")
    sound(his, "home")
    his.get_by_role("link", name="What it means, and appeal").click()
    sound(his, "ruled")
    his.get_by_label("Is it wrong?").fill("My screen was very dark.\nI have another one now.")
    his.get_by_role("button", name="Appeal").press("Enter")
    expect(his.locator("main")).to_contain_text("The answer will stand here")
    sound(his, "appealed")
    hers = browser_page(user=researcher, width=width, dark=dark)
    alice = Ruling.objects.get().worker.pseudonym
    for name in ("workers/", f"workers/{alice}/", "rules/", "audit/"):
        hers.goto(f"/campaigns/rooms/{name}")
        sound(hers, name)
    hers.goto("/campaigns/rooms/")
    hers.get_by_role("link", name="Workers", exact=True).click()
    expect(hers.get_by_role("heading", name="1 appeal to answer")).to_be_visible()
    hers.get_by_label("Your answer, which the worker reads").fill("Then go on, and look closely.")
    hers.get_by_role("button", name="Let go on").press("Enter")
    expect(hers.locator(".messages")).to_contain_text(f"{alice} may go on")
    his.goto("/label/")
    expect(his.locator("main")).to_contain_text("Then go on, and look closely.")
    expect(his.get_by_role("link", name="Go on")).to_be_visible()
