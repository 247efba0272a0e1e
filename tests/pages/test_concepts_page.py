"""The concepts of a campaign: the table, and merge, split, rename and undo by its buttons."""

import pytest
from django.urls import reverse
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate.models import ConceptDecision
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

PAGE = reverse("annotate:concepts", args=["kitchens"])
DECIDE = reverse("annotate:concepts_decide", args=["kitchens"])


@pytest.fixture
def campaign(researcher):
    """Bob's campaign of two units: a couch in one, a sofa in the other."""
    made = open_small_campaign(units=2, slug="kitchens", user=researcher, title="Kitchens")
    for number, words in enumerate((("couch", "sofa"), ("red couch", "sofas"))):
        worker = a_worker(pseudonym=f"heron-{number}")
        while lease := claim(worker, made, timezone.now()):
            given = a_given(lease, concept=words[lease.task.unit.channel])
            submit(lease, given, timezone.now())
    publish(made)
    return made


def concept(channel):
    """Return the label of a unit."""
    return UnitSemantics.objects.get(unit__channel=channel).concept


def test_the_table_has_concepts_units_words_and_pseudonyms(client, researcher, campaign):
    client.force_login(researcher)
    body = client.get(PAGE).content.decode()
    assert "2 labelled units, 2 concepts" in body
    assert "conv1/0</a>" in body
    assert "heron-0" in body
    assert "head noun: red couch, couch" in body
    assert "synonyms in WordNet" in body
    assert "None so far" in body
    assert "Split off" in body


def test_an_empty_campaign_says_what_will_stand_here(client, researcher):
    open_small_campaign(units=1, slug="kitchens", user=researcher)
    client.force_login(researcher)
    assert "Concepts appear as answers arrive" in client.get(PAGE).content.decode()


def test_the_table_can_be_searched(client, researcher, campaign):
    client.force_login(researcher)
    for query, told in (
        ("?q=RED", "red couch"),
        ("?q=zebra", "No concept and no word behind one has “<bdi>zebra</bdi>”"),
        ("?page=99", "red couch"),
        ("?q=%3Cb%3E&page=x", "“<bdi>&lt;b&gt;</bdi>”"),
    ):
        assert told in client.get(PAGE + query).content.decode(), query


def test_each_act_changes_labels_at_once_and_tells_which(client, researcher, campaign):
    client.force_login(researcher)
    merge = {"act": "merge", "word": "sofa", "concept": "couch"}
    body = client.post(DECIDE, merge, follow=True).content.decode()
    assert "sofa merged into couch: 1 unit has another label now." in body.replace(", Sofas", "")
    assert "<bdi>sofa</bdi> → <bdi>couch</bdi>" in body
    assert concept(1) == "couch"
    client.post(DECIDE, {"act": "rename", "concept": "couch", "name": "Seat"})
    assert concept(0) == concept(1) == "Seat"
    body = client.get(PAGE).content.decode()
    assert "in the answers: <bdi>couch</bdi>" in body
    client.post(DECIDE, {"act": "split", "concept": "couch", "word": "red couch"})
    assert UnitSemantics.objects.get(unit__channel=0).agreement == 0.5
    first = ConceptDecision.objects.earliest("pk")
    body = client.post(DECIDE, {"act": "undo", "decision": first.pk}, follow=True).content.decode()
    assert concept(1) == "sofa"
    assert "undone</span>" in body
    assert ConceptDecision.objects.count() == 4
    assert set(ConceptDecision.objects.values_list("decided_by__username", flat=True)) == {"bob"}


BAD = [
    ({}, "Say what to do"),
    ({"act": "explode"}, "is no act"),
    ({"act": "merge", "word": "sofa"}, "Say which concept"),
    ({"act": "split", "concept": "sofa"}, "Say which word"),
    ({"act": "rename", "concept": "sofa"}, "Write the name"),
    ({"act": "rename", "concept": "sofa", "name": "a" * 81}, "Shorten it"),
    ({"act": "rename", "concept": "sofa", "name": "a" * 201}, "at most 200"),
    ({"act": "undo"}, "Say which decision"),
    ({"act": "undo", "decision": "x"}, "whole number"),
    ({"act": "undo", "decision": "9" * 30}, "less than or equal"),
    ({"act": "merge", "word": "<b>", "concept": "sofa"}, "Nobody in this campaign wrote"),
]


def test_bad_entries_are_told_and_change_nothing(client, researcher, campaign):
    client.force_login(researcher)
    for data, told in BAD:
        body = client.post(DECIDE, data, follow=True).content.decode()
        assert told in body, data
        assert "<b>" not in body
    assert not ConceptDecision.objects.exists()


def test_words_from_outside_are_made_safe(client, researcher, campaign):
    client.force_login(researcher)
    client.post(DECIDE, {"act": "rename", "concept": "couch", "name": "<script>x</script>"})
    assert "<script>x" not in client.get(PAGE).content.decode()


def test_another_researcher_reads_and_decides_nothing(client, other_researcher, campaign):
    client.force_login(other_researcher)
    body = client.get(PAGE).content.decode()
    assert "heron-0" in body
    assert "Split off" not in body
    merge = {"act": "merge", "word": "sofa", "concept": "couch"}
    assert client.post(DECIDE, merge).status_code == 403
    assert not ConceptDecision.objects.exists()


def test_nobody_and_workers_see_no_words(client, worker_user, campaign):
    assert client.get(PAGE).url.startswith("/sign-in/")
    assert client.post(DECIDE).url.startswith("/sign-in/")
    client.force_login(worker_user)
    assert client.get(PAGE).status_code == 403
    assert client.post(DECIDE).status_code == 403


def test_wrong_methods_and_unknown_campaigns(client, researcher, campaign):
    client.force_login(researcher)
    assert client.post(PAGE).status_code == 405
    assert client.get(DECIDE).status_code == 405
    absent = reverse("annotate:concepts", args=["absent"])
    assert client.get(absent).status_code == 404
    assert client.post(f"{absent}decide/").status_code == 404


def test_the_admin_site_shows_decisions_and_changes_none(client, admin, campaign):
    client.force_login(admin)
    client.post(DECIDE, {"act": "rename", "concept": "couch", "name": "Seat"})
    row = ConceptDecision.objects.get()
    listed = client.get(reverse("admin:annotate_conceptdecision_changelist"))
    assert "couch renamed Seat" in listed.content.decode()
    change = reverse("admin:annotate_conceptdecision_change", args=[row.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"name": "Other"}).status_code == 403
