"""What the browser tests of the worker's page say often."""

from django.urls import reverse
from playwright.sync_api import expect


def address(held):
    """Return where a unit is labelled."""
    return reverse("annotate:label_task", args=["rooms", held.pk])


def shot(page, place):
    """Return the tile of a place of the task."""
    return page.locator(f'.shot[data-place="{place}"]')


def saved(page):
    """Wait until the draft is on the server."""
    expect(page.locator("#save-state")).to_have_text("saved")


def count(page, kept, rejected):
    """Expect the count beside the form."""
    expect(page.locator("#count")).to_have_text(f"{kept} fit · {rejected} do not")


def toggle_all(page, places):
    """Mark these places with the mouse."""
    for place in places:
        shot(page, place).click()


def choose(page, group):
    """Choose a semantic group."""
    page.locator(f"label.category-{group}").click()


def until(page, true):
    """Let the page go on until something is true."""
    for _ in range(300):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not become true in 15 seconds")


def let_time_pass(page, locator, seconds):
    """Move the page's clock on by steps until something is to be seen."""
    for _ in range(60):
        if locator.is_visible():
            return
        page.clock.fast_forward(seconds * 1000)
        page.wait_for_timeout(50)  # what the clock set off needs a real moment
    raise AssertionError(f"nothing to be seen after {60 * seconds} seconds")
