"""Run a command against a PostgreSQL and a Redis of its own, on free loopback ports.

    python .ci/services.py COMMAND [ARGUMENT ...]

The command sees DATABASE_URL, CELERY_BROKER_URL and CACHE_URL. Both servers keep their files in
a temporary folder and are stopped, by their process ids, when the command ends.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

STARTS_WITHIN = 60  # seconds


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_program(name: str) -> str:
    """Return the path of a PostgreSQL program; Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if not path:
        sys.exit(f"PostgreSQL's {name} is not installed here: run `sh .ci/system-packages`.")
    return path


def server_account() -> dict[str, str]:
    """PostgreSQL refuses to run as root: as root, use the account its package made."""
    return {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; leave with its log when it ends or takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"A test server did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


@contextmanager
def running(command: list[str], log: Path, **account: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, and stop it by its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **account
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL: fast shutdown
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL and yield its DATABASE_URL."""
    port, password = free_port(), secrets.token_hex(16)
    data, log, secret = folder / "data", folder / "log", folder / "password"
    secret.write_text(password)
    account = server_account()
    if account:
        for path in (folder, secret):
            shutil.chown(path, account["user"], account["group"])
    subprocess.run(
        [postgres_program("initdb"), "-D", data, "-U", "unitscope", "--auth=scram-sha-256",
         f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd=folder, **account,
    )  # fmt: skip
    command = [
        postgres_program("postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1",
        "-k", str(folder), "-c", "fsync=off", "-c", "max_connections=200",
    ]  # fmt: skip
    environment = os.environ | {"PGPASSWORD": password}
    ask = ["-h", "127.0.0.1", "-p", str(port), "-U", "unitscope"]

    def ready() -> bool:
        probe = [postgres_program("psql"), *ask, "-d", "postgres", "-qc", "select 1"]
        return subprocess.run(probe, env=environment, capture_output=True).returncode == 0

    with running(command, log, **account) as process:
        wait_until(ready, process, log)
        subprocess.run(
            [postgres_program("createdb"), *ask, "unitscope"], check=True, env=environment
        )
        yield f"postgres://unitscope:{password}@127.0.0.1:{port}/unitscope"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run Redis and yield its address without a database number."""
    program = shutil.which("redis-server")
    if not program:
        sys.exit("redis-server is not installed here: run `sh .ci/system-packages`.")
    port, log = free_port(), folder / "redis.log"
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]

    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with running([str(part) for part in command], log) as process:
        wait_until(ready, process, log)
        yield f"redis://127.0.0.1:{port}"


def main(command: list[str]) -> int:
    """Run the command between the two servers and return its exit code."""
    if not command:
        sys.exit(__doc__)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unitscope-services-")))
        home.chmod(0o755)  # the database's account must reach its own folder
        folders = [home / "postgres", home / "redis"]
        for folder in folders:
            folder.mkdir()
        database = stack.enter_context(postgres(folders[0]))
        broker = stack.enter_context(redis(folders[1]))
        addresses = {
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": f"{broker}/0",
            "CACHE_URL": f"{broker}/1",
        }
        return subprocess.run(command, env=os.environ | addresses).returncode


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
