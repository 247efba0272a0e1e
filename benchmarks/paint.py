"""How long a worker waits for the next unit: from his click until its first tiles are painted.

    python -m benchmarks.paint [--units 30] [--delay MS]

An installation of its own with pictures, gunicorn, and Chromium (variable CHROMIUM) on a screen of
1366 × 768. A unit is labelled and submitted, the thanks are read for a second, “Next unit” is
pressed. `thanks_ms`: from the click on Submit to the thanks; `tiles_ms`: from the click on “Next
unit” to the frame in which all tiles on the screen are decoded; medians and 95th percentiles.
`--delay` adds so many ms to every request, as a far server does.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.crowd import rows, servers

TASKS = 200
WARM_UP = 4  # units not measured
READING = 1.0  # seconds
# The wall clock of a page's first frame with all its visible tiles decoded, in ms.
PAINTED = """async () => {
  const seen = [...document.querySelectorAll(".shot img")].filter((image) => {
    const { top, bottom } = image.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  });
  await Promise.all(seen.map((image) => image.decode()));
  return new Promise((tell) => requestAnimationFrame(() => setTimeout(() => tell(Date.now()))));
}"""
CLICKED = """address => document.addEventListener("click", (event) => {
  if (event.target.closest(address)) sessionStorage.setItem("clicked", Date.now());
}, true)"""


def main() -> None:
    """Label units one after another; print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--units", type=int, default=30)
    parser.add_argument("--delay", type=int, default=0, help="ms added to every request")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as media, servers.installation("sqlite"):
        os.environ["MEDIA_ROOT"] = media
        import django  # late: it reads the environment

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        opened = rows.campaign(TASKS)
        draw(Path(media))
        with servers.web_server() as (port, _):
            key = rows.sessions("reader", 1)[0]
            found = label(f"http://127.0.0.1:{port}", opened.slug, key, options)
    sys.stdout.write(json.dumps(found) + "\n")


def draw(media: Path) -> None:
    """Store a picture of noise, which compresses as badly as a photograph, for every tile."""
    import numpy as np
    from PIL import Image

    from analysis.models import Segment

    rng = np.random.default_rng(0)
    for size, side in (("tile", 112), ("tile2x", 224)):
        out = io.BytesIO()
        noise = rng.integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((side, side)).save(out, "WEBP", quality=75)
        for token in Segment.objects.values_list("token", flat=True):
            path = media / "pictures" / token[:2] / token / f"segmented-{size}.webp"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(out.getvalue())


def label(address: str, slug: str, key: str, options: argparse.Namespace) -> dict[str, Any]:
    """Label units in Chromium; return the waits."""
    from playwright.sync_api import sync_playwright

    thanks, tiles = [], []
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.context.add_cookies([{"name": "sessionid", "value": key, "url": address}])
        if options.delay:
            wire = page.context.new_cdp_session(page)
            wire.send("Network.enable")
            speed = {"offline": False, "latency": options.delay}
            wire.send(
                "Network.emulateNetworkConditions",
                speed | {"downloadThroughput": -1, "uploadThroughput": -1},
            )
        page.goto(f"{address}/label/{slug}/")
        for _ in range(WARM_UP + options.units):
            waits = one_unit(page)
            thanks.append(waits[0])
            tiles.append(waits[1])
        browser.close()
    return {
        "units": options.units,
        "delay_ms": options.delay,
        **of(thanks[WARM_UP:], "thanks"),
        **of(tiles[WARM_UP:], "tiles"),
    }


def one_unit(page: Any) -> tuple[float, float]:
    """Label one unit and go on to the next; return both waits in ms."""
    page.wait_for_selector("form.ready")
    page.wait_for_load_state("networkidle")  # the next unit's pictures are there
    page.locator("#concept").fill("lamp")
    page.locator("label.category-object").click()
    page.locator(".shot").first.click()
    page.evaluate(CLICKED, "#submit")
    page.locator("#submit").click()
    page.wait_for_selector("#next")
    shown = page.evaluate("() => new Promise((t) => requestAnimationFrame(() => t(Date.now())))")
    thanks = shown - float(page.evaluate("sessionStorage.getItem('clicked')"))
    time.sleep(READING)
    page.evaluate(CLICKED, "#next")
    page.locator("#next").click()
    page.wait_for_selector("#grid")
    painted = page.evaluate(PAINTED)
    return thanks, painted - float(page.evaluate("sessionStorage.getItem('clicked')"))


def of(times: list[float], name: str) -> dict[str, float]:
    """Return the median and the 95th percentile of times in ms."""
    cuts = quantiles(times, n=20, method="inclusive")
    return {f"{name}_p50_ms": round(cuts[9], 1), f"{name}_p95_ms": round(cuts[18], 1)}


if __name__ == "__main__":
    main()
