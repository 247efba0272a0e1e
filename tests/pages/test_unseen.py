"""Known and repeated units cannot be told from others: in no page, traffic or work for them."""

import re
from collections import defaultdict
from html.parser import HTMLParser
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.models import Answer, Assignment, Campaign, Lesson
from annotate.services import mixing, reviews
from annotate.services.assignments import claim
from annotate.services.submission import submit
from annotate.services.workers import worker_for
from tests.annotate.factories import a_given, open_small_campaign
from tests.annotate.lessons import a_lesson
from tests.pages.label_pages import answer_to, at

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

DRAWS = {"gold": 0.0, "repeat": 0.5 - 1e-9, "ask": 0.999}
ROUNDS = ["ask", "gold", "repeat", "gold", "ask", "repeat", "repeat", "ask", "gold"]
JSON = {"HTTP_ACCEPT": "application/json"}
# What differs from unit to unit whatever its kind: keys, picture addresses, the order of the
# images, the clock. Counts are left out here and compared below.
VARY = [(r"\b\w{64}\b", "C"), (r"[0-9a-f]{32}", "T"), (r"\d+", "N")]


class Parts(HTMLParser):
    """Collects every tag, attribute and text of a page, each with its value."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [tag, *(f"{tag} {name}={value}" for name, value in attrs)]

    def handle_data(self, data):
        self.found.append(f"text {data.strip()}")


def plain(text):
    for pattern, instead in VARY:
        text = re.sub(pattern, instead, text)
    return text


@pytest.fixture
def campaign(worker_user):
    """A campaign with three known units, and Alice far enough to be asked again."""
    found = open_small_campaign(
        units=30, slug="rooms", access=Campaign.Access.MEMBERS,
        gold_first=4, gold_least=4, repeat_rate=4, repeat_after=15,
    )  # fmt: skip
    for _ in range(3):
        a_lesson(found, "gold")
    found.refresh_from_db()
    with patch.object(mixing, "_draw", lambda *about: DRAWS["ask"]):
        for _ in range(19):
            lease = claim(worker_for(worker_user), found, timezone.now())
            submit(lease, a_given(lease), timezone.now())
            mixing.prepare_repeat(lease.task)
    return found


def one_unit(alice):
    """Take one unit through as a browser does; return each reply with its number of queries."""
    seen = {}

    def ask(name, method, address, *sent, **headers):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            reply = getattr(alice, method)(address, *sent, **headers)
        seen[name] = (reply, len(queries))
        return reply

    ask("claim", "get", "/label/rooms/")
    lease = Assignment.objects.get(state="held")
    ask("unit", "get", at("task", lease))
    ask("ahead", "get", "/label/rooms/ahead/")
    ask("draft", "post", at("draft", lease), {"concept": "bi", "version": "1"}, **JSON)
    ask("refused", "post", at("submit", lease), answer_to(lease, rejected=""), **JSON)
    ask("submit", "post", at("submit", lease), answer_to(lease), **JSON)
    ask("again", "post", at("submit", lease), answer_to(lease), **JSON)
    ask("done", "get", at("done", lease))
    ask("keep", "post", at("keep", lease))
    ask("ahead after", "get", "/label/rooms/ahead/")
    ask("home", "get", "/label/")
    ask("history", "get", "/label/you/answers/")
    return lease, seen


def test_no_page_reply_or_query_tells_the_three_kinds_apart(alice, campaign):
    shapes, parts, numbers = defaultdict(set), defaultdict(lambda: defaultdict(set)), []
    for kind in ["ask", *ROUNDS]:
        with patch.object(mixing, "_draw", lambda *about, kind=kind: DRAWS[kind]):
            lease, seen = one_unit(alice)
        assert lease.task.purpose == kind
        if not numbers:  # the first request of a session does some work once
            seen.pop("claim")
        for name, (reply, queries) in seen.items():
            body = plain(reply.content.decode())
            headers = tuple(sorted((key, plain(value)) for key, value in reply.headers.items()))
            shapes[name].add((reply.status_code, headers, queries, body))
            reader = Parts()
            reader.feed(body)
            parts[name][kind].update(reader.found)
        assert sorted(seen["ahead"][0].json()["pictures"]) != []
        page = seen["unit"][0].content.decode()
        numbers.append(tuple(map(int, re.search(r"Unit (\d+) of (\d+)", page).groups())))
    for name, kinds in shapes.items():
        told = {shape[:3] for shape in kinds}
        assert len(told) == 1, f"{name}: status, headers or number of queries differ: {told}"
        if name not in ("unit", "ahead", "ahead after", "history"):
            assert len(kinds) == 1, f"{name}: {len(kinds)} different bodies"
    # Every tag, attribute and text that any unit shows, units of the other kinds show as well.
    for name, kinds in parts.items():
        assert kinds["ask"] == kinds["gold"] == kinds["repeat"], name
    first = numbers[0][0]
    assert [number for number, _ in numbers] == list(range(first, first + len(numbers)))
    assert len({total for _, total in numbers}) == 1
    assert Answer.objects.filter(task__purpose="gold").count() == 3


def test_what_comes_is_what_was_fetched_ahead(alice, campaign):
    for kind in ROUNDS:
        with patch.object(mixing, "_draw", lambda *about, kind=kind: DRAWS[kind]):
            named = alice.get("/label/rooms/ahead/").json()["pictures"]
            page = alice.get("/label/rooms/", follow=True).content.decode()
            assert all(tile in page for tile, _ in named)
            lease = Assignment.objects.select_related("task").get(state="held")
            assert lease.task.purpose == kind
            alice.post(at("submit", lease), answer_to(lease))


def test_a_worker_s_own_data_name_no_kind_and_no_unit(alice, campaign):
    for kind in ("gold", "repeat"):
        with patch.object(mixing, "_draw", lambda *about, kind=kind: DRAWS[kind]):
            one_unit(alice)
    for state in ("open", "closed"):
        Campaign.objects.update(state=state)
        page = alice.get("/label/you/answers/").content.decode()
        assert page.count("Kept with the others") == 21
        assert "no label" not in page
        told = alice.get("/label/you/answers.json").content.decode()
        told += alice.get("/label/you/answers.csv").getvalue().decode()
        assert "net-" not in told
        assert not re.search(r"\bgold\b|repeat|purpose|conv1", told)


def test_that_all_others_were_accepted_does_not_tell_the_checks(alice, campaign, researcher):
    for kind in ("gold", "repeat"):
        with patch.object(mixing, "_draw", lambda *about, kind=kind: DRAWS[kind]):
            one_unit(alice)
    for answer in Answer.objects.counted(campaign):
        reviews.accept(answer, timezone.now(), researcher)
    told = alice.get("/label/you/answers/").content.decode()
    told += alice.get("/label/you/answers.csv").getvalue().decode()
    assert "accepted" not in told
    rows = alice.get("/label/you/answers.json").json()["answers"]
    assert {(row["counts"], row["review"], row["review_comment"]) for row in rows} == {
        (True, "", "")
    }


def test_no_worker_is_shown_what_was_said_of_a_known_unit(alice, campaign):
    Lesson.objects.update(concept="zanzibar", why="because of zanzibar")
    for address in ("", "learn/", "how-to/", "tutorial/1/"):
        reply = alice.get(f"/label/rooms/{address}", follow=True)
        assert "zanzibar" not in reply.content.decode()
    with patch.object(mixing, "_draw", lambda *about: DRAWS["gold"]):
        for reply, _ in one_unit(alice)[1].values():
            assert "zanzibar" not in reply.content.decode()
