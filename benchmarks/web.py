"""What the worker's two requests cost: the next unit, and an answer handed in.

    python -m benchmarks.web [--tasks 1000,1000000] [--clients 1,8] [--database sqlite|postgresql]

In an installation of its own it opens campaigns of so many tasks and serves them with gunicorn as
production does (PostgreSQL with Redis as broker, SQLite with the embedded one). Another process
works on them over HTTP with so many signed-in workers side by side: next unit (a redirect and
the page), answer, next unit; every tenth answer is sent twice. One JSON object for each case, the
last line is the last case. `cpu_ms_per_request` is the CPU of the web server's and PostgreSQL's
processes by /proc, over all HTTP requests; `web_cpu_ms` is the web server's part of it, and
`bare_cpu_ms` that of `/healthz` (one query, no page) in the same minute. With `lost`, `doubled` and
`over_collected` the answers acknowledged are compared with the rows.

CPU suffers less than time from whatever else runs on the machine, but it does suffer: programs
that are always interrupted find their caches cold. So compare with the bare request of the same
line. Bounded: --units for each client, --seconds for each case.
"""

import argparse
import json
import subprocess
import sys
from http.client import HTTPConnection
from statistics import quantiles
from typing import Any

from benchmarks.crowd import rows, servers

WARM_UP = 5  # units of each of so many workers, not measured: one would warm one process only
WARMING = 8
BARE = 50  # bare requests before each case


def main() -> None:
    """Measure every case; print one JSON object a line."""
    options = parsed()
    with servers.installation(options.database) as postgres:
        import django  # late: it reads the environment

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        with servers.web_server() as web:
            for tasks in options.tasks:
                opened = rows.campaign(tasks)
                work(web[0], opened, rows.sessions(f"warm-{tasks}", WARMING), (WARM_UP, 60))
                for clients in options.clients:
                    found = case(options, opened, clients, (*web, postgres))
                    sys.stdout.write(json.dumps(found) + "\n")
                    sys.stdout.flush()


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=numbers, default=[1000], help="by comma; default: 1000")
    parser.add_argument("--clients", type=numbers, default=[1, 8], help="by comma; default: 1,8")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--units", type=int, default=60, help="most units of one client")
    parser.add_argument("--seconds", type=float, default=60, help="most seconds of one case")
    options = parser.parse_args()
    if min(options.tasks) < max(2 * rows.POOL, 3 * max(options.clients)):
        parser.error(f"--tasks: at least {2 * rows.POOL}, and three for each client")
    return options


def numbers(text: str) -> list[int]:
    """Return the positive numbers of an option."""
    found = [int(word) for word in text.split(",")]
    if not all(number > 0 for number in found):
        raise ValueError(f"{text!r} holds a number below 1")
    return found


def case(
    options: argparse.Namespace, opened: Any, clients: int, ids: tuple[int, int, int]
) -> dict[str, Any]:
    """Let so many clients work on a campaign; return what it took. `ids`: port, web, PostgreSQL."""
    port, web, postgres = ids
    keys = rows.sessions(f"{opened.slug}-{clients}", clients)
    bare = bare_cpu_ms(port, web)
    before = servers.cpu_seconds(web), servers.cpu_seconds(postgres) if postgres else 0.0
    told = work(port, opened, keys, (options.units, options.seconds))
    spent = servers.cpu_seconds(web) - before[0]
    beside = servers.cpu_seconds(postgres) - before[1] if postgres else 0.0
    for line in told["failures"][:3]:
        sys.stderr.write(f"{line}\n")
    return {
        "database": options.database,
        "tasks": opened.tasks.count(),
        "clients": clients,
        **of(told["next_ms"], "next"),
        **of(told["submit_ms"], "submit"),
        "cpu_ms_per_request": round(1000 * (spent + beside) / told["requests"], 2),
        "web_cpu_ms": round(1000 * spent / told["requests"], 2),
        "bare_cpu_ms": round(bare, 2),
        "requests_per_s": round(told["requests"] / told["seconds"], 1),
        "requests": told["requests"],
        "answers": len(told["answered"]),
        "failures": len(told["failures"]),
        **rows.outcome(opened, told["answered"]),
    }


def bare_cpu_ms(port: int, web: int) -> float:
    """Return the web server's CPU for a request that does next to nothing, in ms."""
    before = servers.cpu_seconds(web)
    line = HTTPConnection("127.0.0.1", port, timeout=120)
    for _ in range(BARE):
        line.request("GET", "/healthz")
        line.getresponse().read()
    return 1000 * (servers.cpu_seconds(web) - before) / BARE


def work(port: int, opened: Any, keys: list[str], limits: tuple[int, float]) -> dict[str, Any]:
    """Run the clients in a process of their own; `limits`: units of each, seconds."""
    units, seconds = limits
    path = f"/label/{opened.slug}/"
    order = {"port": port, "path": path, "sessions": keys, "units": units, "seconds": seconds}
    told: dict[str, Any] = json.loads(
        subprocess.run(
            [sys.executable, "-m", "benchmarks.crowd.clients"],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            check=True,
            cwd=servers.ROOT,
        ).stdout
    )
    return told


def of(times: list[float], name: str) -> dict[str, float]:
    """Return the median and the 95th percentile of times in ms."""
    cuts = quantiles(times, n=20, method="inclusive") if len(times) > 1 else 19 * (times or [0.0])
    return {f"{name}_p50_ms": round(cuts[9], 1), f"{name}_p95_ms": round(cuts[18], 1)}


if __name__ == "__main__":
    main()
