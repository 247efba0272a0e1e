"""The pages of how often units are asked about, in Chromium: on any screen, by keyboard."""

import os

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotate import tasks
from annotate.core.planning import Pay
from annotate.models import Campaign
from annotate.services.assignments import claim
from annotate.services.forecasting import Stated
from annotate.services.submission import submit
from tests.annotate.factories import a_finished_run, a_given, a_worker, open_small_campaign
from tests.browser.conftest import accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign(live_server, researcher, monkeypatch):
    """Six units asked about until sure; three people have answered, one of them otherwise."""
    monkeypatch.setattr(tasks.refit, "apply_async", lambda *_, **__: None)
    monkeypatch.setattr(tasks.judge, "delay", tasks.judge)
    made = open_small_campaign(
        run=a_finished_run(units=6), slug="rooms", user=researcher, title="Rooms", adaptive=True,
        answers_most=3, control_rule="record", stated=Stated(pay=Pay(0.1, 0, 0.2)),
    )  # fmt: skip
    for category in ("object", "object", "scene"):
        worker = a_worker()
        while lease := claim(worker, made, timezone.now()):
            odd = lease.task.unit.channel % 3
            given = a_given(lease, category=category if odd else "part", focused_seconds=90)
            if category == "object" and lease.task.unit.channel == 2 and worker.pk % 2:
                given = a_given(lease, category="texture", focused_seconds=90)
            submit(lease, given, timezone.now())
            tasks.aggregate(lease.task_id)
    return made


def shot(page, name):
    """Keep a picture where somebody wants to look."""
    if folder := os.environ.get("B2_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("width", "dark"), [(1366, False), (1366, True), (360, False)])
def test_a_forecast_is_worked_out_and_targets_are_changed(
    browser_page, researcher, campaign, width, dark
):
    page = browser_page(user=researcher, width=width, dark=dark)
    page.goto(f"/campaigns/new/?run={campaign.run.short_key}")
    page.get_by_label("Ask about each unit until it is sure enough").check()
    page.get_by_role("button", name="Work it out").press("Enter")
    expect(page.locator("#take .tally")).to_contain_text("Hours of work")
    expect(page).to_have_url(f"/campaigns/new/?run={campaign.run.short_key}#take")
    accessible(page)
    shot(page, f"new-{width}-{dark}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto("/campaigns/rooms/")
    page.get_by_role("link", name="Answers", exact=True).click()
    expect(page.get_by_text("Sure enough", exact=True)).to_be_visible()
    for summary in page.locator("main summary").all():
        summary.click()
    accessible(page)
    shot(page, f"answers-{width}-{dark}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("Its group is this probable").fill("0.5")
    page.get_by_role("button", name="Change them").press("Enter")
    expect(page.locator(".messages")).to_contain_text("These targets hold from now on")
    assert Campaign.objects.get().target_group == 0.5
