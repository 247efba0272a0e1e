"""A real Chromium before a live server, for every test that drives pages.

``browser_page(width=…, dark=…, touch=…, user=…)`` opens a page of its own context. Any error in
its console fails the test at the end, unless the test said with ``forgive(page, "words")`` that it
brings that error about on purpose. ``accessible(page)`` asks axe-core.
"""

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from analysis.models import MinimalImage, Segment
from analysis.services.pictures import picture_file
from annotate.services.assignments import claim
from annotate.services.workers import worker_for
from tests.annotate.factories import open_small_campaign
from tests.browser.labelling import address

# Playwright keeps an event loop in this thread, and Django would refuse it the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SIZES = {"tile": 112, "tile2x": 224, "large": 448}
OPENED = pytest.StashKey[list[BrowserContext]]()
PATIENCE = 15_000  # ms: two cores may be busy with other tests
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all browser tests of this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Close the pages before any fixture goes: a page may still ask for what lies in one."""
    for context in item.stash.get(OPENED, []):
        context.close()


@pytest.fixture
def browser_page(
    chromium: Browser, live_server: Any, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page; its console must be silent at the end of the test."""
    contexts = request.node.stash[OPENED] = []
    errors: list[tuple[Page, str]] = []

    def open_page(
        *,
        width: int = 1366,
        height: int = 768,
        dark: bool = False,
        touch: bool = False,
        **more: Any,
    ) -> Page:
        user = more.pop("user", None)
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",  # axe must not measure a colour half-way to another
            has_touch=touch,
            is_mobile=touch,
            **more,
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if user is not None:
            context.add_cookies([_session_of(user, live_server.url)])
        page = context.new_page()
        page.on("console", lambda line: line.type == "error" and errors.append((page, line.text)))
        page.on("pageerror", lambda error: errors.append((page, str(error))))
        return page

    yield open_page
    unforgiven = [text for page, text in errors if not _forgiven(page, text)]
    assert not unforgiven, f"errors in the console: {unforgiven}"


def forgive(page: Page, words: str) -> None:
    """Let errors whose text matches these words pass: the test brings them about."""
    vars(page).setdefault("forgiven", []).append(words)


def accessible(page: Page) -> None:
    """Fail with what axe-core finds wrong in the page as it stands."""
    found = Axe().run(page).response["violations"]
    told = [f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found]
    assert not told, "\n".join(told)


def draw_pictures(colours: int = 6) -> None:
    """Store a small picture of every kind and size for each segment there is."""
    drawn = {(number, size): _picture(number, size) for number in range(colours) for size in SIZES}
    for number, token in enumerate(Segment.objects.values_list("token", flat=True)):
        for kind in ("plain", "segmented", "disc"):
            for size in SIZES:
                name = f"pictures/{token[:2]}/{token}/{kind}-{size}.webp"
                path = Path(default_storage.path(name))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(drawn[number % colours, size])


def draw_steps() -> None:
    """Store a small picture of every step for each minimal image there is."""
    for row in MinimalImage.objects.all():
        for at in range(len(row.steps) + 1):
            path = Path(default_storage.path(picture_file(row.token, f"step{at:03d}", "tile2x")))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_picture(at, "tile2x"))


def _picture(number: int, size: str) -> bytes:
    """Return a disc on a ground as WebP."""
    side = SIZES[size]
    image = Image.new("RGB", (side, side), (40, 40 + 30 * number, 120))
    ImageDraw.Draw(image).ellipse((side // 4, side // 4, side // 2, side // 2), fill=(230, 200, 40))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=60)
    return out.getvalue()


def _session_of(user: Any, url: str) -> dict[str, str]:
    """Return the cookie of a signed-in session."""
    client = Client()
    client.force_login(user)
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}


def _forgiven(page: Page, text: str) -> bool:
    """Tell whether the test said that this error is its doing."""
    return any(re.search(words, text) for words in vars(page).get("forgiven", []))


@pytest.fixture
def campaign(live_server):
    """A campaign with pictures."""
    campaign = open_small_campaign(
        units=2, slug="rooms", title="Rooms", access="members", guidelines="Name *one* thing."
    )
    draw_pictures()
    return campaign


@pytest.fixture
def held(campaign, worker_user):
    """A unit that Alice holds."""
    return claim(worker_for(worker_user), campaign, timezone.now())


@pytest.fixture
def label(browser_page, held, worker_user):
    """Open Alice's unit on a screen of a size."""

    def open_unit(lose="", clock=False, **screen):
        page = browser_page(user=worker_user, **screen)
        if lose:
            forgive(page, "ERR_FAILED")
            page.route(lose, lambda route: route.abort())
        if clock:
            page.clock.install()
        page.goto(address(held))
        page.wait_for_selector("form.ready")
        return page

    return open_unit
