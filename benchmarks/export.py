"""What it takes to export all answers of a campaign, of any number: time, CPU, memory, bytes.

    python -m benchmarks.export [--answers 10000,1000000] [--database sqlite|postgresql]
                                [--format csv,jsonl,units.csv,units.jsonl,units.parquet]

In an installation of its own it makes a campaign with so many answers, three about each unit,
and exports them as `export_answers` does, each case in a process of its own: `csv` is the long
table, `jsonl` all that is known. `units.*` exports as many labels of units instead, as
`export_units` does. One JSON object for each case; the last line is the last case.

`seconds` and `cpu_ms_per_answer` begin when Django is up, and the CPU holds that of PostgreSQL's
processes; `own_cpu_ms` is the part of the exporting process. `peak_mb` is all that the process
ever held, Python and Django included, so it must be the same for any number of answers.

The pictures are those of POOL units, so that no two units whose answers are read together share
any: every name of an image is looked up as in a real campaign. PostgreSQL has cleaned up and
counted its tables before, as it does by itself some time after so many new rows.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.crowd import answers, rows, servers

POOL = 600  # units with pictures of their own: they are read 200 at a time
EACH = 3  # answers about a unit
FORMATS = ("csv", "jsonl", "units.csv", "units.jsonl", "units.parquet")


def main() -> None:
    """Measure every case; print one JSON object a line."""
    options = parsed()
    with servers.installation(options.database) as postgres:
        import django  # late: it reads the environment

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        for number in options.answers:
            opened = rows.campaign(max(number // EACH, 2 * POOL), POOL)
            answers.give(opened, number, EACH)
            if any(form.startswith("units") for form in options.format):
                answers.label(opened, number)
            rows.settle()
            for form in options.format:
                found = case(opened.slug, form, postgres)
                told = {"database": options.database, "format": form, **found}
                sys.stdout.write(json.dumps(told) + "\n")
                sys.stdout.flush()


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--answers", type=numbers, default=[10_000, 1_000_000], help="by comma")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--format", type=formats, default=["csv", "jsonl"], help="by comma")
    return parser.parse_args()


def numbers(text: str) -> list[int]:
    """Return the numbers of answers of an option."""
    found = [int(word) for word in text.split(",")]
    if min(found) < EACH:
        raise ValueError(f"{text!r} holds a number below {EACH}")
    return found


def formats(text: str) -> list[str]:
    """Return the formats of an option."""
    found = text.split(",")
    if unknown := set(found) - set(FORMATS):
        raise ValueError(f"{unknown} is none of {', '.join(FORMATS)}")
    return found


def case(slug: str, form: str, postgres: int) -> dict[str, Any]:
    """Export once in a process of its own; return what it took."""
    before = servers.cpu_seconds(postgres) if postgres else 0.0
    command = [sys.executable, "-m", "benchmarks.export", "--alone", slug, form]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=servers.ROOT)
    told: dict[str, Any] = json.loads(done.stdout)
    beside = servers.cpu_seconds(postgres) - before if postgres else 0.0
    cpu = told.pop("cpu_s")
    told["cpu_ms_per_answer"] = round(1000 * (cpu + beside) / told["answers"], 4)
    told["own_cpu_ms"] = round(1000 * cpu / told["answers"], 4)
    return told


def alone(slug: str, form: str) -> dict[str, Any]:
    """Export in this process and count what comes out; nothing is kept."""
    import django  # late: it reads the environment

    django.setup()
    pieces, ends = written(slug, form)
    began, cpu = time.perf_counter(), time.process_time()
    size = lines = 0
    for piece in pieces():
        size += len(piece)
        lines += piece.count(b"\n")
    return {
        "answers": ends(lines),
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_s": time.process_time() - cpu,
        "peak_mb": round(peak_kb() / 1024, 1),
        "bytes": size,
    }


def peak_kb() -> int:
    """Return the most memory that this process held at once; `getrusage` counts its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


def written(slug: str, form: str) -> tuple[Callable[[], Iterator[bytes]], Callable[[int], int]]:
    """Return what writes a file, and how many answers (or labels) its lines stand for."""
    from analysis.models import UnitSemantics
    from analysis.services import exports, tables
    from annotate.models import Campaign
    from annotate.services import answer_exports

    campaign = Campaign.objects.select_related("network", "run").get(slug=slug)
    kind, _, ending = form.rpartition(".")
    if kind:
        wanted = exports.Wanted(campaign=slug)
        labels = UnitSemantics.objects.filter(origin=slug).count()
        return lambda: tables.FORMATS[ending].write(exports.rows(wanted)), lambda lines: labels
    of = answer_exports.table_of if form == "csv" else answer_exports.lines_of
    return lambda: of(campaign), lambda lines: lines - (form == "csv")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        sys.stdout.write(json.dumps(alone(*sys.argv[2:])) + "\n")
    else:
        main()
