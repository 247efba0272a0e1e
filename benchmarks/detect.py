"""What an answer to one image costs beside a bare forward pass, on the real road.

    python -m benchmarks.detect [--images N] [--named N] [--arch ARCH]

In a folder of its own it makes an installation (SQLite, folder of messages): the network, 64
pictures, a finished scan, units with names, one worker, one web server. Then, in turn: a forward
pass of one image in this process, and the same image as a JPEG sent to
`networks/{network}/detect/` over HTTP: decoded, put into a row, taken by the worker, looked at,
written, read, and received as JSON. Both are warm. The bare pass has the worker's own layout and
number of threads. `--busy` measures while the same worker scans in its other thread.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

WARM_UP = 5
SLUG = "measured"
PICTURES = 64


def main() -> None:
    """Measure, and print one JSON object as the last line."""
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="unitscope-detect-") as home:
        os.environ |= {
            "UNITSCOPE_VAR": home,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
            "NOBODY_DETECTIONS_PER_MINUTE": "0",
            "API_NOBODY_PER_MINUTE": "0",
        }
        import django  # late: it reads the environment

        django.setup()
        photograph = prepared(Path(home), options)
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        children = [start("manage.py", "worker"), start(*web(port))]
        try:
            found = measured(f"{address}/api/v1/networks/{SLUG}/detect/", photograph, options)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(30)
    sys.stdout.write(json.dumps(found) + "\n")


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=100, help="answers measured")
    parser.add_argument("--named", type=int, default=200, help="units that have a name")
    parser.add_argument("--arch", default="efficientnet-lite0", help="as add_network takes it")
    parser.add_argument("--busy", action="store_true", help="while the worker scans")
    return parser.parse_args()


def prepared(home: Path, options: argparse.Namespace) -> bytes:
    """Make network, pictures, scan and names; return the photograph that is sent."""
    from django.core.management import call_command

    folder = home / "pictures"
    folder.mkdir()
    for number in range(PICTURES):
        (folder / f"{number}.jpg").write_bytes(picture(number))
    call_command("migrate", verbosity=0)
    quiet = {"stdout": sys.stderr}
    known = {} if options.arch == "efficientnet-lite0" else {"weights": "random:0"}
    call_command("add_network", SLUG, arch=options.arch, **known, **quiet)
    call_command("add_images", "pictures", str(folder), **quiet)
    call_command("analyze", SLUG, "pictures", steps=["scan"], top=4, wait=True, **quiet)
    name_units(options.named)
    if options.busy:
        for number in range(PICTURES, 4000):
            (folder / f"{number}.jpg").write_bytes(picture(number % PICTURES))
        call_command("add_images", "many", str(folder), **quiet)
        call_command("analyze", SLUG, "many", steps=["scan"], top=4, **quiet)
    return picture(0)


def name_units(count: int) -> None:
    """Name units of the deepest layers, a dozen concepts in turn, and open the network."""
    from analysis.models import Network, Source, Unit
    from analysis.services.semantics import UnitLabel, record

    network = Network.objects.get(slug=SLUG)
    units = Unit.objects.filter(layer__network=network).order_by("-layer__position", "channel")
    for place, unit in enumerate(units[:count]):
        label = UnitLabel(f"concept {place % 12}", category="object")
        record(unit=unit, source=Source.MACHINE, origin="benchmark", run=None, label=label)
    Network.objects.update(public=True)


def picture(seed: int) -> bytes:
    """Return a JPEG of 640 × 480 with coarse and fine detail."""
    from io import BytesIO

    import numpy as np
    from PIL import Image

    chance = np.random.default_rng(seed)
    coarse = Image.fromarray(chance.integers(0, 256, (9, 12, 3), np.uint8))
    out = BytesIO()
    coarse.resize((640, 480), Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()


def measured(address: str, photograph: bytes, options: argparse.Namespace) -> dict[str, Any]:
    """Return the medians of both, taken in turn."""
    bare = bare_pass(photograph)
    wait_until_up(address, photograph)
    passes, answers, objects = [], [], 0
    for number in range(WARM_UP + options.images):
        alone = timed(bare)
        began = time.perf_counter()
        objects = len(ask(address, photograph)["objects"])
        whole = time.perf_counter() - began
        if number >= WARM_UP:
            passes.append(alone)
            answers.append(whole)
    limit = 1.5 * median(passes) + 0.150
    return {
        "network": options.arch,
        "named_units": options.named,
        "objects": objects,
        "answers": options.images,
        "busy": options.busy,
        "bare_ms": round(1000 * median(passes), 1),
        "answer_ms": round(1000 * median(answers), 1),
        "answer_p90_ms": round(1000 * quantiles(answers, n=10)[-1], 1),
        "limit_ms": round(1000 * limit, 1),
        "within": median(answers) <= limit,
    }


def bare_pass(photograph: bytes) -> Callable[[], object]:
    """Return a call that runs the network on the photograph, and nothing else."""
    from io import BytesIO

    import torch

    from analysis.core.images import open_image, prepare
    from analysis.models import Network
    from analysis.pipeline import devices, networks
    from analysis.pipeline.forward import layout

    device = devices.here()
    devices.settle(device)
    model, preparation = networks.load(Network.objects.get(slug=SLUG), device)
    form = layout(model)
    model = model.to(memory_format=form)
    batch = torch.from_numpy(prepare(open_image(BytesIO(photograph)), preparation))[None]
    batch = batch.to(device).contiguous(memory_format=form)

    def run() -> object:
        with torch.inference_mode():
            return model(batch).cpu()

    return run


def timed(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def ask(address: str, photograph: bytes) -> dict[str, Any]:
    """Return the answer to a photograph."""
    request = Request(address, data=photograph, headers={"Content-Type": "image/jpeg"})
    with urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def wait_until_up(address: str, photograph: bytes) -> None:
    """Wait until the web server answers and the worker listens."""
    for _ in range(300):
        try:
            ask(address, photograph)
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("The installation did not answer within a minute.")


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def web(port: int) -> list[str]:
    """Return the command line of the web server."""
    options = [f"--bind=127.0.0.1:{port}", "--no-control-socket", "--log-level=warning"]
    return ["-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py", *options]


def start(*command: str) -> subprocess.Popen[bytes]:
    """Start a program of this installation."""
    return subprocess.Popen([sys.executable, *command], stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
