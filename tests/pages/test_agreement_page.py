"""The page of a campaign's agreement: what is missing is said, and the method is chosen there."""

import pytest
from django.urls import reverse
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate import tasks
from annotate.models import Answer, AuditEntry, Campaign, TruthFit
from annotate.services import truth
from annotate.services.assignments import claim
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.test_truth_fits import all_answered

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

PAGE = reverse("annotate:agreement", args=["rooms"])
METHOD = reverse("annotate:agreement_method", args=["rooms"])


@pytest.fixture
def bob(client, researcher):
    client.force_login(researcher)
    return client


@pytest.fixture
def campaign(researcher):
    made = open_small_campaign(
        units=6, slug="rooms", answers=4, control_rule="record", user=researcher
    )
    all_answered(made)
    return made


def table(client, name):
    answer = client.get(reverse("annotate:agreement_table", args=["rooms", name]))
    return b"".join(answer.streaming_content).decode()


def test_the_page_has_figures_methods_and_workers(bob, campaign):
    body = bob.get(PAGE).content.decode()
    assert "24 answers, counted" in body
    assert "How well do the answers agree?" in body
    assert "Over the whole campaign" in body
    assert "On which groups do they agree?" in body
    assert "Use this" in body
    assert "heron-d" in body
    assert "All alike: majority" in body
    first = TruthFit.objects.get().counted_at
    bob.get(PAGE)
    assert TruthFit.objects.get().counted_at == first  # the same answers are counted once


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (0, "No answer has come in yet"),
        (1, "No task has two answers, so nobody can agree. Ask more than one person"),
        (2, "All answers are the same, so chance alone would agree as well."),
    ],
)
def test_what_cannot_be_counted_says_why(bob, researcher, answers, told):
    campaign = open_small_campaign(units=1, slug="rooms", user=researcher)
    for _ in range(answers):
        lease = claim(a_worker(), campaign, timezone.now())
        submit(lease, a_given(lease), timezone.now())
    body = bob.get(PAGE).content.decode()
    assert told in body
    assert "By majority" in body
    assert table(bob, "workers").count("\r\n") == 1 + answers


def test_choosing_a_method_makes_the_labels_anew(
    bob, campaign, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(tasks.publish, "delay", tasks.publish)
    with django_capture_on_commit_callbacks(execute=True):
        body = bob.post(METHOD, {"method": "one-coin"}, follow=True).content.decode()
    assert "Labels are made by one-coin now" in body
    body = bob.get(PAGE).content.decode()
    assert "1 is an average worker" in body
    assert UnitSemantics.objects.get(unit__channel=5).details["truth"]["method"] == "one-coin"
    assert AuditEntry.objects.get().act == "method chosen"
    again = bob.post(METHOD, {"method": "one-coin"}, follow=True).content.decode()
    assert "by one-coin already" in again
    assert "one-coin,False,True,6,0" in table(bob, "methods")
    assert table(bob, "changes").startswith("method,tied,layer,unit,category,would_be")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Say which method to use."),
        ({"method": "oracle"}, "“oracle” is no method."),
        ({"method": "mace", "tied": "on"}, "mace does not tie kinds of workers"),
    ],
)
def test_nonsense_changes_nothing(bob, campaign, data, told):
    assert told in bob.post(METHOD, data, follow=True).content.decode()
    assert Campaign.objects.get().method == "majority"


def test_a_stranger_reads_and_may_not_choose(client, other_researcher, campaign):
    client.force_login(other_researcher)
    assert "Use this" not in client.get(PAGE).content.decode()
    assert client.post(METHOD, {"method": "mace"}).status_code == 403


def test_many_answers_are_counted_by_a_worker_and_the_page_says_so(bob, campaign, monkeypatch):
    sent = []
    monkeypatch.setattr(truth, "QUICK", 5)
    monkeypatch.setattr(tasks.refit, "apply_async", lambda args, countdown: sent.append(args))
    assert "24 answers are being counted" in bob.get(PAGE).content.decode()
    bob.get(PAGE)
    assert sent == [(campaign.pk,)]
    tasks.refit(campaign.pk)
    assert "24 answers, counted" in bob.get(PAGE).content.decode()
    Answer.objects.filter(worker__pseudonym="heron-d").update(counts=False)
    body = bob.get(PAGE).content.decode()
    assert "have changed since" in body
    assert "24 answers, counted" in body


def test_a_table_that_there_is_not(bob, campaign):
    address = reverse("annotate:agreement_table", args=["rooms", "nothing"])
    assert bob.get(address).status_code == 404
    assert bob.get("/campaigns/none/agreement/").status_code == 404
