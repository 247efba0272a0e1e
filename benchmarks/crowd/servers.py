"""Servers of one installation: the web server as production runs it, PostgreSQL, and their CPU."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
STARTS_WITHIN = 300  # seconds: the machine may be busy with other work


def ci_services() -> Any:
    """Return the module that starts servers for the tests; its folder is no package."""
    spec = spec_from_file_location("ci_services", ROOT / ".ci" / "services.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def installation(database: str) -> Iterator[int]:
    """Point the environment at a new installation; yield the process id of its PostgreSQL, or 0.

    With PostgreSQL the broker is Redis, as in production; with SQLite it is the embedded folder.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unitscope-web-")))
        os.environ |= {
            "UNITSCOPE_VAR": str(home / "var"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": "",
            "CELERY_BROKER_URL": "",
        }
        if database == "sqlite":
            yield 0
            return
        home.chmod(0o755)  # the database's account must reach its own folder
        services, folders = ci_services(), [home / "postgres", home / "redis"]
        for folder in folders:
            folder.mkdir()
        os.environ["DATABASE_URL"] = stack.enter_context(services.postgres(folders[0]))
        os.environ["CELERY_BROKER_URL"] = f"{stack.enter_context(services.redis(folders[1]))}/0"
        yield int((folders[0] / "data" / "postmaster.pid").read_text().split()[0])


@contextmanager
def web_server() -> Iterator[tuple[int, int]]:
    """Run gunicorn with the project's own settings; yield its port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = [f"--bind=127.0.0.1:{port}", "--no-control-socket", "--log-level=warning"]
    command = ["gunicorn", "config.wsgi", "-c", "config/gunicorn.py", *options]
    from config.supervising import die_with_parent  # late: it reads the settings

    server = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    try:
        wait_until_up(f"http://127.0.0.1:{port}/healthz")
        yield port, server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_up(address: str) -> None:
    """Wait until the web server answers."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"The web server did not answer within {STARTS_WITHIN} s.")


def cpu_seconds(root: int) -> float:
    """Return the CPU that a process and all below it have used, those ended included.

    Fields of /proc/PID/stat after the name: 1 parent, 11 to 14 user and system time of its own
    and of its ended children, in ticks (man 5 proc).
    """
    stats: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:  # it ended meanwhile
                continue
            stats[int(entry.name)] = text.rpartition(")")[2].split()
    family, ticks = [root], 0
    while family:
        one = family.pop()
        family += [pid for pid, fields in stats.items() if int(fields[1]) == one]
        ticks += sum(map(int, stats[one][11:15])) if one in stats else 0
    return ticks / TICKS
