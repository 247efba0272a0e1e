"""Take the pictures of the README and the docs from a served demonstration.

    python manage.py demo        (prints address, name, password and the link for labelling)
    python docs/pictures/take.py http://127.0.0.1:8000 NAME PASSWORD LINK [PICTURE ...]

Without names all pictures are taken. CHROMIUM names the browser where it is not /usr/bin/chromium.
"""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
PATIENCE = 180_000  # milliseconds: a report takes a minute
SCREEN = {"width": 1366, "height": 768}
# Name of the picture → address of the page, and height of the window.
PAGES: dict[str, tuple[str, int]] = {
    "console": ("/", 768),
    "network": ("/networks/demo-scene-net/", 900),
    "image-set": ("/image-sets/demo-world/", 900),
    "run": ("/runs/{run}/", 900),
    "campaign": ("/campaigns/demo-simulated/", 900),
    "live": ("/campaigns/demo-simulated/live/", 900),
    "review": ("/campaigns/demo-simulated/review/", 900),
    "concepts-of-a-campaign": ("/campaigns/demo-simulated/concepts/", 900),
    "agreement": ("/campaigns/demo-simulated/agreement/", 900),
    "workers": ("/campaigns/demo-simulated/workers/", 768),
    "atlas-network": ("/atlas/demo-scene-net/", 768),
    "atlas": ("/atlas/demo-scene-net/conv5/?source=simulated", 900),
    "unit": ("{unit}", 1000),
    "concept": ("/atlas/concepts/bed/", 900),
    "scene": ("/atlas/scenes/demo-world/bedroom/", 1000),
    "try": ("/try/demo-scene-net/", 1100),
    "findings-meanings": ("/findings/demo-scene-net/meanings/?source=simulated", 1000),
    "findings-objects": ("/findings/demo-scene-net/objects/?source=machine", 1000),
    "findings-fields": ("/findings/demo-scene-net/fields/", 1000),
    "findings-segments": ("/findings/demo-scene-net/segments/", 1000),
    "findings-preferences": ("/findings/demo-scene-net/preferences/", 1000),
    "findings-minimal": ("/findings/demo-scene-net/minimal/?scene=bedroom", 1000),
    "findings-detectors": ("/findings/demo-scene-net/detectors/", 1000),
    "findings-people": ("/findings/demo-scene-net/people/", 1000),
    "findings-localisation": ("/findings/demo-scene-net/localisation/", 1000),
    "findings-paper": ("/findings/demo-scene-net/paper/", 1000),
    "comparison-detectors": (
        "/findings/demo-scene-net/against/?other=demo-untrained&tab=detectors", 1000,
    ),
    "matches": ("/findings/demo-scene-net/matches/?images=demo-world", 768),
    "comparison": ("/findings/demo-scene-net/against/?other=demo-untrained&tab=objects", 1000),
    "report": ("/findings/demo-scene-net/reports/", 768),
    "api": ("/api/v1/docs/", 768),
}  # fmt: skip


def keep(page: Page, name: str) -> None:
    """Keep the page as it stands as a small WebP file."""
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").save(HERE / f"{name}.webp", quality=80, method=6)


def worker_s_pages(page: Page, link: str) -> None:
    """See a worked unit and label half a practice unit, as somebody who came by the link."""
    page.goto(link)
    page.get_by_role("button", name="Start labelling").click()
    page.get_by_role("link", name="See the worked units").click()
    keep(page, "worked-unit")
    for number in (1, 2, 3):
        page.get_by_role("heading", name=f"Worked unit {number} of 3").wait_for()
        page.wait_for_load_state("load")  # its script hears the keys
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Begin the practice").click()
    page.get_by_label("What do most of these show?").fill("mirror")
    page.keyboard.press("Tab")
    for place in (9, 35, 36):
        page.locator("[aria-pressed]").nth(place).click()
    page.mouse.move(0, 0)
    keep(page, "worker")


def sign_in(page: Page, site: str, name: str, password: str) -> None:
    """Sign in as a researcher."""
    page.goto(f"{site}/sign-in/?next=/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("networkidle")


def places(page: Page, site: str) -> dict[str, str]:
    """Return the run that has pictures, and a unit of the last layer that is called bed."""
    runs: list[dict[str, Any]] = page.request.get(f"{site}/api/v1/runs/").json()["results"]
    [run, *_] = [run for run in runs if "segment" in run["recipe"]["steps"]]
    page.goto(f"{site}/atlas/demo-scene-net/conv5/?concept=bed")
    card = page.locator("a[href*='/conv5/']").filter(has=page.locator("img")).first
    return {"run": run["key"][:12], "unit": card.get_attribute("href") or ""}


def try_a_sample(page: Page) -> None:
    """Show the network the first sample, and wait for its answer."""
    page.locator(".samples button").first.click()
    page.locator("#answer svg, #answer img").first.wait_for(timeout=PATIENCE)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.scrollTo(0, 0)")


def make_a_report(page: Page) -> None:
    """Ask for a report on both networks where there is none, and wait until it is made."""
    if page.get_by_text("None was made yet").count():
        page.get_by_label("Compare with").select_option(label="demo-untrained")
        page.get_by_role("button", name="Make a report").click()
    page.locator("#reports .chip.done").first.wait_for(timeout=PATIENCE)


def count_the_agreement(page: Page) -> None:
    """Load the page again until the worker has counted the answers."""
    for _ in range(60):
        again = page.get_by_role("link", name="Load again")
        if not again.count():
            return
        page.wait_for_timeout(2000)
        again.click()


# What is done on a page before its picture is taken.
BEFORE: dict[str, Callable[[Page], None]] = {
    "try": try_a_sample,
    "report": make_a_report,
    "agreement": count_the_agreement,
}


def main(site: str, name: str, password: str, link: str, *wanted: str) -> None:
    """Take all pictures, or those that are wanted."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        if not wanted or "worker" in wanted:
            worker_s_pages(browser.new_context(viewport=SCREEN).new_page(), link)
        page = browser.new_context(viewport=SCREEN).new_page()
        sign_in(page, site, name, password)
        found = places(page, site)
        for picture, (address, height) in PAGES.items():
            if not wanted or picture in wanted:
                page.set_viewport_size({"width": SCREEN["width"], "height": height})
                page.goto(site + address.format(**found))
                if picture in BEFORE:
                    BEFORE[picture](page)
                keep(page, picture)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
