"""A unit is labelled in a real Chromium: by mouse, keyboard, touch, and without scripts."""

import re

import pytest
from playwright.sync_api import expect

from analysis.models import Segment
from annotate.models import Answer
from tests.browser.conftest import accessible, forgive
from tests.browser.labelling import address, choose, count, let_time_pass, shot, toggle_all

pytestmark = [pytest.mark.browser, pytest.mark.rows]


# ---- Labelling a unit ---------------------------------------------------------------------------
def test_a_unit_is_labelled_by_mouse_and_the_next_follows(label, held):
    page = label()
    expect(page.locator("#concept")).to_be_focused()
    page.keyboard.type("billiard table")
    choose(page, "object")
    toggle_all(page, held.task.controls)
    count(page, 57, 3)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page.get_by_text("Your answer is in.")).to_be_visible()
    answer = Answer.objects.get()
    assert answer.rejected == sorted(held.task.controls)
    assert (answer.concept, answer.category, answer.unseen) == ("billiard table", "object", [])
    page.get_by_role("link", name="Next unit").click()
    page.wait_for_selector("form.ready")
    assert page.url != address(held)
    # The page came without a redirect; its own address stands there all the same.
    assert re.search(r"/label/rooms/\d+/$", page.url)
    expect(page.locator(".where")).to_contain_text("Unit 2 of 2")
    page.reload()
    page.wait_for_selector("form.ready")
    expect(page.locator(".where")).to_contain_text("Unit 2 of 2")


def test_a_unit_is_labelled_by_keyboard_alone(label, held):
    page = label()
    keys = page.keyboard
    keys.type("lamp")
    keys.press("Tab")
    keys.press("Space")
    for _ in range(4):
        keys.press("ArrowRight")
    expect(page.locator('[value="object"]')).to_be_checked()
    for _ in range(3):  # All fit, Submit, the grid: one tab stop
        keys.press("Tab")
    order = page.eval_on_selector_all(".shot", "all => all.map(one => Number(one.dataset.place))")
    here = 0
    for wanted in sorted(order.index(place) for place in held.task.controls):
        while wanted - here >= 12:
            keys.press("ArrowDown")
            here += 12
        for _ in range(abs(wanted - here)):
            keys.press("ArrowRight" if wanted > here else "ArrowLeft")
        here = wanted
        keys.press("Space")
    count(page, 57, 3)
    keys.press("Control+Enter")
    expect(page.get_by_role("link", name="Next unit")).to_be_focused()
    assert Answer.objects.get().rejected == sorted(held.task.controls)
    keys.press("Enter")
    page.wait_for_selector("form.ready")


def test_a_unit_is_labelled_by_touch(label, held):
    page = label(width=390, height=844, touch=True)
    for place in held.task.controls:
        shot(page, place).tap()
    expect(page.locator("#panel-body")).to_be_hidden()
    page.get_by_role("button", name="Answer").tap()
    page.locator("#concept").fill("bed")
    choose(page, "object")
    page.get_by_role("button", name="Submit").tap()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Answer.objects.count() == 1


def test_a_unit_is_labelled_without_scripts(browser_page, held, worker_user):
    page = browser_page(user=worker_user, java_script_enabled=False)
    forgive(page, "422")
    page.goto(address(held))
    page.locator("#concept").fill("bed")
    for place in held.task.controls:
        page.locator(f'[name="reject"][value="{place}"]').check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Choose one of the six groups.")).to_be_visible()
    assert page.locator("#concept").input_value() == "bed"
    assert page.locator('[name="reject"]:checked').count() == 3
    page.locator('[value="object"]').check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Answer.objects.get().rejected == sorted(held.task.controls)


def test_a_double_click_on_submit_is_one_answer(label, held):
    page = label()
    page.locator("#concept").fill("bed")
    choose(page, "object")
    toggle_all(page, held.task.controls)
    page.get_by_role("button", name="Submit").dblclick()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Answer.objects.count() == 1


# ---- Marks --------------------------------------------------------------------------------------
def test_arrows_move_over_the_whole_grid_and_only_one_tile_is_a_tab_stop(label):
    page = label()
    shots = page.locator(".shot")
    shots.nth(0).focus()
    for key, index in [
        ("ArrowUp", 0), ("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowDown", 13), ("End", 23),
        ("Home", 12), ("Control+End", 59), ("ArrowRight", 59), ("ArrowDown", 59),
        ("Control+Home", 0),
    ]:  # fmt: skip
        page.keyboard.press(key)
        expect(shots.nth(index)).to_be_focused()
    assert page.locator('.shot[tabindex="0"]').count() == 1


def test_marks_are_undone_one_after_another_and_all_fit_clears_them(label):
    page = label()
    toggle_all(page, [5, 9])
    count(page, 58, 2)
    page.keyboard.press("Control+z")
    count(page, 59, 1)
    expect(shot(page, 9)).to_have_attribute("aria-pressed", "false")
    page.locator(".all-fit").click()
    count(page, 60, 0)
    page.keyboard.press("Control+z")
    count(page, 59, 1)
    assert not page.locator('[name="all_fit"]').is_checked()
    page.locator('[name="all_fit"]').check()
    toggle_all(page, [7])
    assert not page.locator('[name="all_fit"]').is_checked()


def test_a_chosen_tile_shows_it_by_more_than_colour(label):
    page = label()
    shot(page, 5).click()
    tile = shot(page, 5)
    expect(tile.locator("img")).to_have_css("opacity", "0.4")
    assert tile.evaluate("e => getComputedStyle(e, '::before').borderTopWidth") == "4px"
    assert "cross" in tile.evaluate("e => getComputedStyle(e, '::after').backgroundImage")


def test_the_large_view_turns_pages_switches_and_marks(label):
    page = label()
    page.locator(".shot").nth(2).focus()
    page.keyboard.press("z")
    zoom, picture = page.locator("#zoom"), page.locator("#zoom img")
    expect(zoom).to_be_visible()
    expect(picture).to_have_attribute("src", re.compile("segmented-large.webp$"))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".zoom-number")).to_have_text("4 of 60")
    zoom.get_by_role("button", name="Whole image").click()
    expect(picture).to_have_attribute("src", re.compile("plain-large.webp$"))
    zoom.get_by_role("button", name="Does not fit").click()
    count(page, 59, 1)
    accessible(page)
    page.keyboard.press("Escape")
    expect(zoom).to_be_hidden()
    expect(page.locator(".shot").nth(3)).to_be_focused()
    expect(page.locator(".shot").nth(3)).to_have_attribute("aria-pressed", "true")


def test_z_in_the_text_is_a_letter(label):
    page = label()
    page.keyboard.type("zebra")
    expect(page.locator("#zoom")).to_be_hidden()
    assert page.locator("#concept").input_value() == "zebra"


def test_a_long_press_enlarges_and_does_not_mark(label):
    page = label(width=390, height=844, touch=True)
    box = page.locator(".shot").nth(1).bounding_box()
    spot = {"x": box["x"] + 40, "y": box["y"] + 40}
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [spot]})
    expect(page.locator("#zoom")).to_be_visible()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.locator("#zoom").get_by_role("button", name="Close").tap()
    expect(page.locator("#count")).to_contain_text("60 fit")


# ---- Errors -------------------------------------------------------------------------------------
def test_errors_stand_where_they_belong_the_first_is_focused_and_nothing_is_lost(label):
    page = label()
    forgive(page, "422")
    toggle_all(page, [1, 2])
    page.locator("#concept").fill("?!")
    page.keyboard.press("Enter")
    expect(page.locator("#concept-error")).to_contain_text("no letter")
    expect(page.locator("#category-error")).to_have_text("Choose one of the six groups.")
    expect(page.locator("#images-error")).to_contain_text("clearly does not fit")
    expect(page.locator("#concept")).to_be_focused()
    count(page, 58, 2)
    assert page.locator("#concept").input_value() == "?!"
    accessible(page)
    page.keyboard.type("bed")
    expect(page.locator("#concept-error")).to_be_empty()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator('[name="category"]').first).to_be_focused()


def test_on_a_phone_an_error_opens_the_bar(label):
    page = label(width=390, height=844, touch=True)
    forgive(page, "422")
    page.evaluate("document.getElementById('answer').requestSubmit()")
    expect(page.locator("#concept-error")).to_be_visible()
    accessible(page)


def test_a_picture_that_fails_is_shown_as_failed_and_not_scored(label, held):
    place = next(place for place in range(60) if place not in held.task.controls)
    token = Segment.objects.get(top_image=held.task.items[place]).token
    page = label(lose=f"**/{token}/**", clock=True)
    let_time_pass(page, page.locator("#failed-line"), 2)
    expect(page.locator("#failed-line")).to_contain_text("1 picture failed to load")
    expect(shot(page, place)).to_have_attribute("aria-disabled", "true")
    shot(page, place).click(force=True)
    count(page, 59, 0)
    accessible(page)
    page.locator("#concept").fill("bed")
    choose(page, "object")
    toggle_all(page, held.task.controls)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert Answer.objects.get().unseen == [place]


def test_a_picture_that_comes_back_is_scored_again(label, held):
    token = Segment.objects.get(top_image=held.task.items[0]).token
    page = label(lose=f"**/{token}/**", clock=True)
    let_time_pass(page, page.locator("#failed-line"), 2)
    page.unroute(f"**/{token}/**")
    page.get_by_role("button", name="Load again").click()
    expect(page.locator("#failed-line")).to_be_hidden()
    count(page, 60, 0)
