"""Take the pictures of the README from a served demonstration.

    python manage.py demo        (prints address, name, password and the link for labelling)
    python docs/pictures/take.py http://127.0.0.1:8000 NAME PASSWORD LINK

CHROMIUM names the browser where it is not /usr/bin/chromium.
"""

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
SCREEN = {"width": 1366, "height": 768}


def keep(page: Page, name: str) -> None:
    """Keep the page as it stands as a small WebP file."""
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").save(HERE / f"{name}.webp", quality=82, method=6)


def worker_s_page(page: Page, link: str) -> None:
    """Label half a unit, as somebody who came by the link."""
    page.goto(link)
    start = page.get_by_role("button", name="Start labelling")
    if start.count():
        start.click()
    page.get_by_label("What do most of these show?").fill("sofa")
    page.keyboard.press("Tab")
    for place in (9, 35, 36):
        page.locator("[aria-pressed]").nth(place).click()
    page.mouse.move(0, 0)
    keep(page, "worker")


def main(site: str, name: str, password: str, link: str) -> None:
    """Take all pictures."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        worker_s_page(browser.new_context(viewport=SCREEN).new_page(), link)
        page = browser.new_context(viewport=SCREEN).new_page()
        page.goto(f"{site}/sign-in/?next=/")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        keep(page, "console")
        page.locator("a[href^='/runs/']").filter(has_text="×").first.click()
        keep(page, "run")
        page.goto(f"{site}/atlas/demo-scene-net/conv5/")
        keep(page, "atlas")
        page.locator("a[href*='/conv5/']").filter(has=page.locator("img")).first.click()
        keep(page, "unit")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:5])
