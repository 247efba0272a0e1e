"""A grid of the atlas in Chromium: when it is painted, and whether scrolling it drops frames."""

import os
from typing import Any

WIDTH, HEIGHT = 1366, 768
# The network of Lighthouse's desktop preset; its processor is this machine's, as there.
LATENCY, BYTES_PER_S = 40, 10_240 * 1024 / 8
FRAME = 1000 / 60  # ms
SETTLED = 2_000  # ms after the load in which late paints, shifts and tasks still count
WATCH = """
window.seen = { lcp: 0, fcp: 0, cls: 0, tasks: [] };
new PerformanceObserver((list) => { for (const one of list.getEntries()) seen.lcp = one.startTime; })
  .observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (one.name === "first-contentful-paint") seen.fcp = one.startTime;
}).observe({ type: "paint", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) seen.cls += one.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) seen.tasks.push([one.startTime, one.duration]);
}).observe({ type: "longtask", buffered: true });
"""  # noqa: E501
# Down by so many pixels in every frame, back up at the end; what each frame took, and in how many
# of them a page of units that ought to be seen was still empty.
SCROLL = """async ([frames, step]) => {
  const took = [];
  let empty = 0, way = step, before = await new Promise(requestAnimationFrame);
  const most = () => document.documentElement.scrollHeight - innerHeight;
  seen.tasks.length = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    if (scrollY + way > most() || scrollY + way < 0) way = -way;
    scrollBy(0, way);
    const now = await new Promise(requestAnimationFrame);
    took.push(now - before);
    before = now;
    const middle = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
    const box = middle?.closest(".units-page");
    if (box && !box.querySelector(".unit-card")) empty += 1;
  }
  const cards = document.querySelectorAll(".unit-card").length;
  return { took, empty, cards, tasks: seen.tasks.map(([, duration]) => duration) };
}"""


def looked_at(address: str, frames: int, step: int) -> dict[str, Any]:
    """Open an address, then scroll; return paints in ms, shifts, blocking and frames."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.add_init_script(WATCH)
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        slow = {"offline": False, "latency": LATENCY}
        both = {"downloadThroughput": BYTES_PER_S, "uploadThroughput": BYTES_PER_S}
        wire.send("Network.emulateNetworkConditions", slow | both)
        page.goto(address, wait_until="load")
        page.wait_for_timeout(SETTLED)
        seen = page.evaluate("seen")
        found = {
            "fcp_ms": round(seen["fcp"]),
            "lcp_ms": round(seen["lcp"]),
            "cls": round(seen["cls"], 4),
            "tbt_ms": round(blocked([d for at, d in seen["tasks"] if at >= seen["fcp"]])),
        }
        free = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        wire.send("Network.emulateNetworkConditions", slow | free)
        scrolled = page.evaluate(SCROLL, [frames, step])
        browser.close()
    return found | of_frames(scrolled)


def of_frames(scrolled: dict[str, Any]) -> dict[str, Any]:
    """Return what a scroll says: frames dropped are those that would have fitted in between."""
    took = sorted(scrolled["took"])
    dropped = sum(round(ms / FRAME) - 1 for ms in took if ms > 1.5 * FRAME)
    return {
        "frames": len(took),
        "frames_dropped": dropped,
        "dropped_share": round(dropped / (len(took) + dropped), 4),
        "frame_p50_ms": round(took[len(took) // 2], 1),
        "frame_p95_ms": round(took[int(0.95 * len(took))], 1),
        "frame_worst_ms": round(took[-1], 1),
        "long_tasks": len(scrolled["tasks"]),
        "long_tasks_blocking_ms": round(blocked(scrolled["tasks"])),
        "empty_frames_share": round(scrolled["empty"] / len(took), 4),
        "cards_held": scrolled["cards"],
    }


def blocked(durations: list[float]) -> float:
    """Return by how much tasks went beyond 50 ms, all together."""
    return sum(max(0.0, duration - 50) for duration in durations)
