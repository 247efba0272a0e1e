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
