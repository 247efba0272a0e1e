"""What was broken into elsewhere, asked of every page: writing GETs, guards, inline code, hosts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from tests.pages import test_roles
from tests.pages.test_roles import ROWS
from tests.pages.world import World

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
world = test_roles.world

SHOWN = [name for name, row in ROWS.items() if row.get != test_roles.NO]
POSTED = [name for name, row in ROWS.items() if row.post not in {test_roles.NO, test_roles.API_NO}]
# A GET may make the caller's own worker, and lease him the unit that he asks for; both end by
# themselves or stand for nothing, and asking twice is asking once.
MAY_WRITE = {
    "annotate:label_next": {"annotate_worker", "annotate_assignment"},
    "annotate:label_home": {"annotate_worker"},
    "annotate:label_yours": {"annotate_worker"},
    "annotate:label_csv": {"annotate_worker"},
    "annotate:label_json": {"annotate_worker"},
    "annotate:label_leave": {"annotate_worker"},
    "annotate:label_ahead": {"annotate_worker"},
    "annotate:label_how": {"annotate_worker"},
    "annotate:label_learn": {"annotate_worker"},
    # That an expert's answer was seen is remembered, once: its unit is asked of nobody again.
    "annotate:label_tutorial": {"annotate_worker", "annotate_lesson"},
    "annotate:label_practice": {"annotate_worker"},
    "annotate:practice_unit": {"annotate_worker"},
    "annotate:practice_feedback": {"annotate_worker"},
    "annotate:label_task": {"annotate_worker"},
    "annotate:label_done": {"annotate_worker"},
    # What few answers come to is counted at once and kept: twice is once.
    "annotate:agreement": {"annotate_truthfit"},
    "annotate:agreement_table": {"annotate_truthfit"},
    "annotate:agreement_figure": {"annotate_truthfit"},
    "api-campaign-agreement": {"annotate_truthfit"},
}


def get(world: World, person: str, name: str, **headers: str) -> Any:
    """Return the answer of one address to one person."""
    address = ROWS[name].address.format(**world.words)
    return world.people[person].get(address, headers=headers)


@contextmanager
def written() -> Iterator[set[str]]:
    """Collect the tables that are written to."""
    tables: set[str] = set()

    def watch(execute, sql, params, many, context):
        if found := re.match(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", sql, re.I):
            tables.add(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield tables


@pytest.mark.parametrize("name", SHOWN)
def test_no_get_changes_anything_and_every_answer_has_its_guards(world, name):
    for person in ("nobody", "worker", "researcher"):
        with transaction.atomic(), written() as tables:
            answer = get(world, person, name)
            transaction.set_rollback(True)
        assert tables <= MAY_WRITE.get(name, set()), f"{person} wrote by GET"
        guarded(answer)
        without_inline_code(answer)


def guarded(answer):
    """Fail unless the browser is told what this answer may do."""
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    # A page that is reached by a secret link tells nobody where one comes from.
    assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}


def without_inline_code(answer):
    """Fail where the policy would block something: so it is not there to be missed."""
    if answer.streaming or not answer.get("Content-Type", "").startswith("text/html"):
        return
    page = answer.content.decode()
    for script in re.findall(r"<script\b[^>]*>", page):
        assert "src=" in script or 'type="application/json"' in script, script
    assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=", page)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page.replace("http://testserver", ""))
    assert "<style" not in page


@pytest.mark.parametrize("name", ["annotate:console", "login", "analysis:atlas_home", "api-units"])
def test_a_foreign_host_is_refused(world, name):
    assert get(world, "nobody", name, Host="evil.example").status_code == 400


# The language has no secret, but its page must be ours: tests/pages/test_languages.py.
@pytest.mark.parametrize("name", [name for name in POSTED if name != "language"])
def test_no_post_passes_without_the_forms_secret(world, name):
    row, client = ROWS[name], world.people["researcher"]
    json = name.startswith("api-") and name != "api-detect"  # which takes forms alone
    more = {"content_type": "application/json"} if json else {}
    client.handler.enforce_csrf_checks = True
    try:
        with transaction.atomic(), written() as tables:
            answer = client.post(row.address.format(**world.words), row.data, **more)
            transaction.set_rollback(True)
    finally:
        client.handler.enforce_csrf_checks = False
    assert answer.status_code == (404 if "^" in name else 403)  # with one: what is nowhere
    assert not tables


@pytest.mark.parametrize("address", ["/no/such/page/", "/atlas/x/y/z/", "/api/v1/nothing/"])
@pytest.mark.parametrize("person", ["nobody", "worker"])
def test_errors_have_their_guards_and_echo_nothing(world, person, address):
    answer = world.people[person].get(f"{address}?q=<script>alert(1)</script>")
    assert answer.status_code == 404
    assert b"<script>alert" not in answer.content
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_pages_of_people_are_not_kept_by_shared_caches(world):
    for name in ("annotate:console", "account", "annotate:campaign", "analysis:run"):
        kept = get(world, "researcher", name).get("Cache-Control", "")
        assert "no-store" in kept or "private" in kept, name


def test_pages_that_differ_by_person_say_so(world):
    """A shared cache must not give a researcher's atlas to a stranger."""
    for name in (
        "analysis:atlas_home",
        "analysis:atlas",
        "analysis:atlas_units",
        "analysis:atlas_layer",
        "analysis:unit",
    ):
        assert "Cookie" in get(world, "researcher", name)["Vary"], name
