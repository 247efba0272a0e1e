"""What the grid of the atlas costs with 10,000 units: first view, filtered view, scrolling.

    python -m benchmarks.atlas [--units 100,10000] [--database sqlite|postgresql] [--frames 2400]
                               [--step 300]

In an installation of its own it makes synthetic public networks of so many units, with labels,
class scores, fields and pictures, and serves them with gunicorn as production does. For each it
prints one JSON object: from request to first byte and to the last, and bytes, of the first view,
of one page of cards as scrolling fetches it, and of three filtered views (median and 95th
percentile), and `cpu_ms`, what web server and database compute for each, by /proc, which suffers
less from whatever else runs on the machine. Then what Chromium (variable CHROMIUM) says on a screen
of 1366 × 768: first and largest contentful paint, layout shift and blocking time of the first view
over the network of Lighthouse's desktop preset; frames dropped and long tasks while it scrolls
`--step` pixels in every frame: 300, with which so many frames see all 10,000 units, is the hardest
flick of a finger; 40 is reading speed. At the end it turns back. The last line sets the largest
network beside the smallest, as ratios.

This is not Lighthouse: four of its five measures are taken by the browser's own interface, without
its speed index and its score. The frames are those of a browser without a graphics card.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.crowd import servers
from benchmarks.grid import browser, rows

REPEATS = 25
WARM_UP = 8  # of each address: every process of the server reads WordNet once
VIEWS = {
    "first": "",
    "cards": "?page=2&part=units",
    "words": "?text=lamp",
    "family": "?concept=furniture&kinds=true&sort=precision",
    "all_filters": (
        "?concept=furniture&kinds=true&category=object&category=part&source=people&text=bed"
        "&min_precision=.4&max_precision=.95&min_agreement=.5&min_iou=.02&min_field=30&sort=field"
    ),
}
COMPARED = (
    "first_ttfb_ms", "first_cpu_ms", "cards_cpu_ms", "all_filters_cpu_ms", "lcp_ms",
    "frame_p50_ms", "frame_p95_ms",
)  # fmt: skip


def main() -> None:
    """Measure every network; print one JSON object a line, and ratios last."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--units", default="100,10000", help="by comma; default: 100,10000")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--frames", type=int, default=2400, help="frames of scrolling")
    parser.add_argument("--step", type=int, default=300, help="pixels scrolled in each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as media, servers.installation(options.database) as db:
        os.environ["MEDIA_ROOT"] = media
        import django  # late: it reads the environment

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        counts = [int(word) for word in options.units.split(",")]
        networks = [rows.network(count, Path(media)) for count in counts]
        with servers.web_server() as (port, web):
            ids = (port, web, db)
            found = [case(ids, options, *pair) for pair in zip(counts, networks, strict=True)]
    if len(found) > 1:
        last, first = found[-1], found[0]
        ratios = {name: round(last[name] / first[name], 2) for name in COMPARED if first[name]}
        sys.stdout.write(json.dumps({"ratio_of_largest_to_smallest": ratios}) + "\n")


def case(
    ids: tuple[int, int, int], options: argparse.Namespace, count: int, network: Any
) -> dict[str, Any]:
    """Measure one network. `ids`: port, process of the web server, of PostgreSQL or 0."""
    path = f"/units/{network.slug}/"
    found: dict[str, Any] = {"database": options.database, "units": count}
    for name, query in VIEWS.items():
        found |= asked(ids, path + query, name)
    if options.frames:
        found |= browser.looked_at(f"http://127.0.0.1:{ids[0]}{path}", options.frames, options.step)
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    return found


def asked(ids: tuple[int, int, int], address: str, name: str) -> dict[str, Any]:
    """Ask for an address again and again; return the waits in ms, CPU of the servers, and bytes."""
    first, whole, size, before = [], [], 0, 0.0
    for number in range(WARM_UP + REPEATS):
        if number == WARM_UP:
            before = spent(ids)
        line = HTTPConnection("127.0.0.1", ids[0], timeout=120)
        began = time.perf_counter()
        line.request("GET", address)
        answer = line.getresponse()
        head = time.perf_counter()
        size = len(answer.read())
        if answer.status != 200:
            raise SystemExit(f"{address} answered {answer.status}.")
        if number >= WARM_UP:
            first.append(1000 * (head - began))
            whole.append(1000 * (time.perf_counter() - began))
        line.close()
    cpu = 1000 * (spent(ids) - before) / REPEATS
    cuts = quantiles(first, n=20, method="inclusive")
    return {
        f"{name}_ttfb_ms": round(cuts[9], 1),
        f"{name}_ttfb_p95_ms": round(cuts[18], 1),
        f"{name}_whole_ms": round(quantiles(whole, n=2)[0], 1),
        f"{name}_cpu_ms": round(cpu, 1),
        f"{name}_bytes": size,
    }


def spent(ids: tuple[int, int, int]) -> float:
    """Return the CPU seconds of web server and database so far."""
    _, web, database = ids
    return servers.cpu_seconds(web) + (servers.cpu_seconds(database) if database else 0.0)


if __name__ == "__main__":
    main()
