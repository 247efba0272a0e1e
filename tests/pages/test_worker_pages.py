"""Pages about workers: table, one worker, rules, audit log, and the worker's own side."""

import csv
import io

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotate import tasks
from annotate.models import Appeal, AuditEntry, CampaignRules, Lesson, Ruling
from annotate.services import audit, rulings
from annotate.services.audit import About
from annotate.services.leaving import leave
from annotate.services.rulings import Order
from annotate.services.workers import worker_for
from tests.annotate.crew import BAD, a_crew, answer
from tests.annotate.factories import a_worker, open_small_campaign
from tests.annotate.lessons import a_lesson, practise

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

EVIL = "=1+1 <script>alert(1)</script>\u202e\x07"


def to(name, *more):
    """Return an address of the campaign."""
    return reverse(f"annotate:{name}", args=["six", *more])


@pytest.fixture
def campaign(researcher):
    """Bob's campaign; planted negatives are only recorded."""
    return open_small_campaign(
        units=6, slug="six", title="Six", user=researcher, control_rule="record"
    )


@pytest.fixture
def bob(client, researcher, campaign):
    """Bob, signed in."""
    client.force_login(researcher)
    return client


@pytest.fixture
def crew(campaign):
    """A worker of another campaign, and a bad one of this, among two good ones."""
    other = open_small_campaign(slug="elsewhere", run=campaign.run, control_rule="record")
    return a_crew(other, units=1)[0], a_crew(campaign, units=2)[0]


@pytest.fixture
def alice_paused(campaign, worker_user, researcher):
    """Alice, who is paused with a reason."""
    worker = worker_for(worker_user)
    order = Order("paused", f"Look closer. {EVIL}", by=researcher)
    rulings.rule_by_hand(worker, campaign, order, timezone.now())
    return worker


def rule(client, worker, **data):
    """Rule by the form; return the page that follows."""
    told = {"state": "paused", "reason": "Look closer."} | data
    return client.post(to("worker_rule", worker.pseudonym), told, follow=True).content.decode()


# ---- The table and one worker ----------------------------------------------------------------
def test_the_table_says_how_each_stands_in_the_order_asked_for(bob, campaign):
    assert "Nobody has answered yet" in bob.get(to("workers")).content.decode()
    a_crew(campaign, units=2)
    body = bob.get(to("workers")).content.decode()
    assert "3 by pseudonym, 0 held back. No rule is on." in body
    assert "0.00 <span" in body
    assert "×0.07" in body
    for sort in ("", "sensitivity", "specificity", "agreement", "pace", "<b>", "state", "name"):
        first = "calm-six" if sort == "name" else "wild-six"
        page = bob.get(to("workers"), {"sort": sort, "page": "x"})
        assert page.context["rows"][0].worker.pseudonym == first, sort
        assert "<b>" not in page.content.decode()


def test_one_worker_is_shown_with_confusion_answers_and_history(bob, campaign, crew):
    elsewhere, bad = crew
    body = bob.get(to("worker", bad.pseudonym)).content.decode()
    for told in ("0 of 6 planted negatives", "His group beside that of the others", "asdf"):
        assert told in body
    unit = bad.answers.first().task.unit
    assert reverse("analysis:unit", args=[unit.layer.network.slug, "conv1", unit.channel]) in body
    assert "Ask to practise again" not in body  # there is no practice round
    assert bob.get(to("worker", elsewhere.pseudonym)).status_code == 404
    assert bob.get(to("worker", "no-such-1")).status_code == 404


def test_ruling_by_hand_says_why_and_may_be_taken_back(bob, campaign, crew):
    bad = crew[1]
    body = rule(bob, bad, reason=EVIL)
    assert "wild-six is paused: no new units" in body
    assert "=1+1 &lt;script&gt;alert(1)&lt;/script&gt;</bdi>" in body
    assert Ruling.objects.get().by_user.username == "bob"
    assert "wild-six is paused already" in rule(bob, bad)
    assert "Write the reason" in rule(bob, bad, state="active", reason="\x07 ")
    assert "to 1000 characters" in rule(bob, bad, state="active", reason="x" * 1001)
    assert "at most 4000" in rule(bob, bad, state="active", reason="x" * 4001)
    assert "“fired” is no state" in rule(bob, bad, state="fired")
    assert "Say what is to hold" in rule(bob, bad, state="")
    assert "wild-six may go on" in rule(bob, bad, state="active", reason="Sorry.")
    assert [row.state for row in Ruling.objects.all()] == ["active", "paused"]
    leave(bad, timezone.now())
    bad.refresh_from_db()
    assert "has left: nobody is there" in rule(bob, bad)
    body = bob.get(to("worker", bad.pseudonym)).content.decode()
    assert "his answers stay" in body
    assert "Rule by hand" not in body


def test_an_open_appeal_stands_first_and_is_answered_there(bob, campaign, alice_paused):
    text = f"I did look. {EVIL}"
    rulings.appeal(alice_paused, campaign, text, timezone.now())
    name = alice_paused.pseudonym
    body = bob.get(to("workers")).content.decode()
    assert "1 appeal to answer" in body
    assert "<script>alert" not in body
    assert "\u202e" not in body
    answering = to("appeal_answer", name)
    for data, told in (
        ({}, "Say whether the ruling stays"),
        ({"verdict": "perhaps"}, "“perhaps” is no verdict"),
        ({"verdict": "uphold", "reason": " "}, "Write the answer"),
    ):
        assert told in bob.post(answering, data, follow=True).content.decode()
    assert Appeal.objects.get().answered_at is None
    uphold = {"verdict": "uphold", "reason": "The last ten were blank."}
    assert "the ruling stays" in bob.post(answering, uphold, follow=True).content.decode()
    assert (
        f"No appeal of {name} is open" in bob.post(answering, uphold, follow=True).content.decode()
    )
    assert "appeal to answer" not in bob.get(to("workers")).content.decode()
    go = {"verdict": "go", "reason": "On second thoughts."}
    assert f"{name} may go on" in bob.post(answering, go, follow=True).content.decode()
    body = bob.get(to("worker", name)).content.decode()
    for told in ("I did look.", "the ruling stays", "The last ten were blank.", "No answer of his"):
        assert told in body


# ---- Rules -----------------------------------------------------------------------------------
def test_rules_are_set_and_refused_with_a_sentence(bob, campaign):
    page, good = to("worker_rules"), {
        "missed_above": "40", "missed_then": "pause", "agreement_then": "practise",
        "pace_then": "pause", "minimum_answers": "5", "window": "20", "when_sure": "on",
    }  # fmt: skip
    assert "No rule is on." in bob.get(page).content.decode()
    for _ in range(2):
        body = bob.post(page, good, follow=True).content.decode()
        assert "More than 40% of planted negatives missed: pause" in body
    assert AuditEntry.objects.get().act == "rules changed"
    for field, value, told in (
        ("window", "4", "The last 4 answers never are 5: make this 5 or more."),
        ("missed_above", "100", "less than or equal to 99"),
        ("missed_above", "-1", "greater than or equal to 0"),
        ("missed_above", "many", "whole number"),
        ("pace_then", "fire", "not one of the available choices"),
        ("minimum_answers", "", "required"),
        ("window", "9" * 30, "less than or equal to"),
    ):
        answer_ = bob.post(page, good | {field: value})
        assert answer_.status_code == 422
        assert told in answer_.content.decode(), field
    assert CampaignRules.objects.get().missed_above == 40


def test_another_researcher_looks_and_changes_nothing(client, other_researcher, campaign, crew):
    client.force_login(other_researcher)
    bad = crew[1].pseudonym
    body = client.get(to("worker", bad)).content.decode()
    assert "By his answers" in body
    assert "Rule by hand" not in body
    assert "Set the rules" not in client.get(to("worker_rules")).content.decode()
    for address in (to("worker_rule", bad), to("appeal_answer", bad), to("worker_rules")):
        assert client.post(address, {"state": "paused"}).status_code == 403
    assert not Ruling.objects.exists()


# ---- The audit log ---------------------------------------------------------------------------
def test_the_log_is_paged_filtered_and_safe_in_a_spreadsheet(bob, researcher, campaign):
    assert "Nothing yet" in bob.get(to("audit")).content.decode()
    worker, other = a_worker(pseudonym="shy-fox-1"), a_worker(pseudonym="shy-fox-2")
    given = answer(worker, campaign, concept="=cmd()")
    for number in range(60):
        about = About(worker if number else other, given.task, given, f"={number} {EVIL}")
        audit.record(campaign, "rejected", timezone.now(), researcher, about)
    audit.record(campaign, "appealed", timezone.now(), worker, About(worker))
    audit.record(campaign, "paused", timezone.now(), None, About(other, reason="a rule"))
    body = bob.get(to("audit")).content.decode()
    assert "62 acts" in body
    assert "Page 1 of 2" in body
    assert "<script>alert" not in body
    only = bob.get(to("audit"), {"act": "rejected", "worker": "shy-fox-2"})
    assert "1 act</h2>" in only.content.decode()
    assert "act=rejected&amp;worker=shy-fox-2" in only.content.decode()
    assert "No act is like that" in bob.get(to("audit") + "?act=%22%3E").content.decode()
    text = b"".join(bob.get(to("audit_csv"))).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["by"] for row in rows[-2:]] == ["shy-fox-1", "rule"]
    assert (len(rows), rows[0]["by"], rows[0]["answer"]) == (62, "bob", "'=cmd()")
    assert rows[0]["reason"].startswith("'=0")
    assert rows[0]["unit"].endswith("conv1/0") or rows[0]["unit"].count("/") == 2
    few = b"".join(bob.get(to("audit_csv"), {"worker": "shy-fox-2"})).decode()
    assert few.count("shy-fox-2") == 2


@pytest.mark.parametrize("name", ["act", "worker"])
def test_no_null_character_of_an_address_reaches_the_database(bob, campaign, name):
    for page in ("audit", "audit_csv"):
        with CaptureQueriesContext(connection) as queries:
            reply = bob.get(to(page), {name: "a\0b"})
            assert reply.status_code == 200
            b"".join(reply)  # the file is written as it is read
        assert any("'ab'" in one["sql"] for one in queries)
        assert not any("\0" in one["sql"] for one in queries)


# ---- The worker's side -----------------------------------------------------------------------
def test_a_worker_reads_why_appeals_once_and_reads_the_answer(
    client, worker_user, researcher, campaign, alice_paused
):
    client.force_login(worker_user)
    mine, appealing = to("label_next"), to("label_appeal")
    body = client.get(mine).content.decode()
    for told in ("is paused", "Look closer. =1+1 &lt;script&gt;", "decided by the researcher"):
        assert told in body
    assert "Your work here is paused." in client.get("/label/").content.decode()
    assert "What it means" in client.get(to("label_learn")).content.decode()
    assert client.get(to("label_practice")).status_code == 302
    for text, told in (("", "Write what"), ("x" * 1001, "in 1000 characters or fewer")):
        assert told in client.post(appealing, {"text": text}, follow=True).content.decode()
    body = client.post(appealing, {"text": f"It was dark. {EVIL}"}, follow=True).content.decode()
    assert "It was dark. =1+1 &lt;script&gt;" in body
    assert "The answer will stand here" in body
    assert "<textarea" not in body
    again = client.post(appealing, {"text": "Really."}, follow=True).content.decode()
    assert "appealed already" in again
    rulings.uphold(alice_paused, campaign, "It was not <b>.", researcher, timezone.now())
    assert "It was not &lt;b&gt;." in client.get(mine).content.decode()
    order = Order("active", "Have another try.", by=researcher)
    rulings.rule_by_hand(alice_paused, campaign, order, timezone.now())
    assert client.get(mine).status_code == 302
    assert "Have another try." in client.get("/label/").content.decode()
    assert (
        "Nothing holds you back"
        in client.post(appealing, {"text": "Thanks."}, follow=True).content.decode()
    )


def test_who_is_asked_to_practise_again_is_led_there(client, worker_user, researcher, campaign):
    a_lesson(campaign)
    worker = worker_for(worker_user)
    practise(campaign, worker)
    rulings.rule_by_hand(
        worker, campaign, Order("practise", "Once more.", by=researcher), timezone.now()
    )
    client.force_login(worker_user)
    body = client.get(to("label_next")).content.decode()
    assert "Please practise once more" in body
    assert "Begin the practice" in body
    assert "You are asked to practise once more" in client.get(to("label_learn")).content.decode()
    assert client.post(to("label_practice")).status_code == 302
    assert "Go on with the practice" in client.get(to("label_next")).content.decode()
    Lesson.objects.update(labelled_at=None)
    assert "the practice round is gone" in client.get(to("label_next")).content.decode()


def test_a_rule_is_named_as_one_and_a_stranger_appeals_nothing(client, campaign):
    CampaignRules.objects.create(
        campaign=campaign, missed_above=50, missed_then="end", minimum_answers=2, when_sure=False
    )
    user = User.objects.create_user("carl")
    for _ in range(2):
        tasks.aggregate(answer(worker_for(user), campaign, **BAD).task_id)
    client.force_login(user)
    body = client.get(to("label_next")).content.decode()
    assert "Your work in this campaign has ended" in body
    assert "decided by a rule of the campaign" in body
    assert "The 2 units that you labelled count" in body
    assert client.get(to("label_appeal")).status_code == 405
    client.logout()
    assert client.post(to("label_appeal"), {"text": "x"}).status_code == 403
    assert not Appeal.objects.exists()
