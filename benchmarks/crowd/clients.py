"""Plain HTTP clients that work as people do: next unit, answer, next unit. No Django in here.

Run as a process of its own, so that its CPU is not the servers': it reads one JSON object (port,
cookies of each client, what to do) and writes one (times in ms, answers acknowledged).
"""

import json
import random
import re
import sys
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from threading import Thread
from typing import Any
from urllib.parse import urlencode

ACTION = re.compile(r'action="(/label/[^"]+/(\d+)/submit/)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TWICE = 10  # every tenth answer is sent twice, as by a double click
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass
class Client:
    """One worker's browser, as far as the server can tell."""

    port: int
    session: str
    path: str
    csrf: str = ""
    next_ms: list[float] = field(default_factory=list)
    submit_ms: list[float] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    requests: int = 0

    def work(self, units: int, until: float) -> None:
        """Label units until enough are done or time is up."""
        self.line = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            for number in range(units):
                if time.monotonic() > until or not self.one_unit(number):
                    return
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")

    def one_unit(self, number: int) -> bool:
        """Take one unit through; False when there is none."""
        began = time.perf_counter()
        page = self.ask("GET", self.path)
        self.next_ms.append(1000 * (time.perf_counter() - began))
        found, token = ACTION.search(page), TOKEN.search(page)
        if found is None or token is None:
            self.next_ms.pop()
            return False
        answer = urlencode(
            {
                "csrfmiddlewaretoken": token[1],
                "concept": random.choice(("lamp", "bed", "window")),
                "category": "object",
                "rejected": str(number % 60),
                "focused_seconds": "31",
            }
        )
        began = time.perf_counter()
        reply = self.ask("POST", found[1], answer)
        self.submit_ms.append(1000 * (time.perf_counter() - began))
        if '"next"' in reply:
            self.answered.append(int(found[2]))
        else:
            self.failures.append(reply[:200])
        if number % TWICE == TWICE - 1:
            self.ask("POST", found[1], answer)
        return True

    def ask(self, method: str, path: str, body: str | None = None) -> str:
        """Send a request, follow where it leads, return the text."""
        headers = {"Cookie": f"sessionid={self.session}; csrftoken={self.csrf}"}
        self.line.request(method, path, body, headers | (FORM if body else {}))
        reply = self.line.getresponse()
        text = reply.read().decode()
        self.requests += 1
        if cookie := re.search(r"csrftoken=(\w+)", reply.headers.get("Set-Cookie") or ""):
            self.csrf = cookie[1]
        if reply.status in (301, 302):
            return self.ask("GET", str(reply.headers["Location"]))
        if reply.status >= 400:
            self.failures.append(f"{method} {path}: {reply.status}")
        return text


def drive(order: dict[str, Any]) -> dict[str, Any]:
    """Let all clients work side by side; return what they met."""
    clients = [Client(order["port"], session, order["path"]) for session in order["sessions"]]
    began = time.monotonic()
    until = began + order["seconds"]
    threads = [Thread(target=client.work, args=(order["units"], until)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "seconds": time.monotonic() - began,
        "requests": sum(client.requests for client in clients),
        **{
            name: [one for client in clients for one in getattr(client, name)]
            for name in ("next_ms", "submit_ms", "answered", "failures")
        },
    }


if __name__ == "__main__":
    json.dump(drive(json.load(sys.stdin)), sys.stdout)
