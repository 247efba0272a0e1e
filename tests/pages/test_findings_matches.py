"""The page of matches: what it lists, who may change it, and what is said of bad and late input."""

import pytest
from django.test import Client

from analysis.models import ConceptMatch, MatchDecision, Network
from analysis.services.match_decisions import Wish, change
from analysis.services.matching import match_of
from tests.analysis.test_matching import BED, LABELS, SOFA, asked
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ADDRESS = "/findings/net/matches/?images=rooms"


@pytest.fixture
def run(settings, tmp_path):
    """A run of a public network over masks, with four names; one is written like a tag."""
    settings.MEDIA_ROOT = tmp_path
    odd = [*LABELS["classes"], {"index": 7, "name": "<b>lamp"}]
    images = rows.image_set("rooms", labels={**LABELS, "classes": odd})
    made = rows.run(rows.network("net", public=True), images)
    for channel, concept in enumerate(("beds", "couch", "<i>furniture")):
        rows.label(rows.unit(made.network, "conv1", channel), concept, run=made)
        rows.label(rows.unit(made.network, "conv2", channel), "beds", run=made)
    return made


@pytest.fixture
def bob(client, researcher):
    """Bob, signed in."""
    client.force_login(researcher)
    return client


def said(client, concept, to, version=0, address=ADDRESS):
    """Send the form of a row."""
    return client.post(address, {"concept": concept, "to": to, "version": version})


def match(concept):
    return ConceptMatch.objects.get(concept=concept)


def test_anybody_who_reads_the_atlas_reads_it_and_sees_no_form_and_no_name(client, run, researcher):
    wish = Wish("class", SOFA)
    change(match=match_of(run.image_set, "beds"), wish=wish, user=researcher)
    answer = client.get(ADDRESS)
    page = answer.content.decode()
    assert [(row.match.concept, row.units, row.name) for row in answer.context["rows"]] == [
        ("<i>furniture", 1, None),
        ("beds", 4, "sofa"),
        ("couch", 1, "sofa"),
    ]
    assert "couch and sofa mean the same" in page
    assert "The words alone say bed." in page
    assert "bed <span" in page.split("History: 1 decision")[1]
    assert "<i>furniture" not in page
    assert "<b>lamp" not in page
    assert "bob" not in page
    assert 'method="post"' not in page


def test_a_researcher_changes_a_match_is_led_back_and_told(bob, run):
    bob.get(ADDRESS)
    answer = said(bob, "couch", BED, address=f"{ADDRESS}&how=wordnet")
    assert answer["Location"] == f"{ADDRESS}&how=wordnet#match-{match('couch').pk}"
    page = bob.get(ADDRESS).content.decode()
    assert "couch means bed now: a person." in page
    assert "bob</span>" in page
    assert MatchDecision.objects.get().user.username == "bob"
    said(bob, "couch", "undo", version=1)
    assert (match("couch").label, match("couch").how) == (SOFA, "wordnet")
    assert "which undid decision 1" in bob.get(ADDRESS).content.decode()
    said(bob, "couch", "none", version=2)
    said(bob, "couch", "machine", version=3)
    assert (match("couch").how, match("couch").version) == ("wordnet", 4)


def test_it_is_changed_with_a_token_of_the_form_only(run, researcher):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(researcher)
    assert said(strict, "couch", BED).status_code == 403
    strict.get(ADDRESS)
    form = {"concept": "couch", "to": BED, "version": 0}
    csrf = {"csrfmiddlewaretoken": strict.cookies["csrftoken"].value}
    assert strict.post(ADDRESS, form | csrf).status_code == 302
    assert match("couch").label == BED


def test_nobody_is_asked_to_sign_in_and_a_stranger_may_not(client, run, worker_user):
    assert said(client, "couch", BED)["Location"].startswith("/sign-in/")
    client.force_login(worker_user)
    assert said(client, "couch", BED).status_code == 403
    assert not MatchDecision.objects.exists()
    Network.objects.update(public=False)
    assert client.get(ADDRESS).status_code == 404
    assert Client().get(ADDRESS)["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (("couch", 77, 0), "have no class 77"),
        (("couch", 9, 0), "have no class 9"),
        (("couch", "sofa", 0), "“sofa” is no class"),
        (("couch", "²", 0), "“²” is no class"),
        (("couch", "", 0), "required"),
        (("couch", "none", "x"), "whole number"),
        (("couch", "none", -1), "greater than or equal to 0"),
        (("couch", "undo", 0), "nothing to undo"),
        (("", "none", 0), "required"),
        (("sofa\0", "none", 0), "Null characters"),
        (("chimney", "none", 0), "No unit of net has the name “chimney”"),
        (("x" * 81, "none", 0), "at most 80"),
    ],
)
def test_bad_input_is_said_in_a_sentence(bob, run, form, words):
    answer = said(bob, *form)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not MatchDecision.objects.exists()


def test_twice_is_once_and_who_is_late_is_told(bob, run):
    for _ in range(2):
        assert said(bob, "couch", BED).status_code == 302
    late = said(bob, "couch", "none")
    assert late.status_code == 409
    assert "has been changed meanwhile" in late.content.decode()
    assert said(bob, "couch", "undo", version=1).status_code == 302
    assert said(bob, "couch", "undo", version=1).status_code == 409
    assert match("couch").version == 2


def test_the_wrong_method_is_refused(bob, run):
    for method in ("put", "patch", "delete"):
        assert getattr(bob, method)(ADDRESS).status_code == 405
    assert bob.head(ADDRESS).status_code == 200


@pytest.mark.parametrize(
    ("query", "concepts"),
    [
        ("how=none", ["<i>furniture"]),
        ("how=name", ["beds"]),
        ("how=wordnet", ["couch"]),
        ("how=person", []),
        ("how=x", ["<i>furniture", "beds", "couch"]),
        ("page=0", ["<i>furniture", "beds", "couch"]),
        ("page=%00", ["<i>furniture", "beds", "couch"]),
    ],
)
def test_the_address_narrows_the_table(client, run, query, concepts):
    answer = client.get(f"{ADDRESS}&{query}")
    assert [row.match.concept for row in answer.context["rows"]] == concepts
    counts = {one["value"]: one["count"] for one in answer.context["filters"]}
    assert counts == {"": 3, "none": 1, "name": 1, "wordnet": 1, "person": 0}


def test_many_concepts_come_in_pages(client, run, monkeypatch):
    monkeypatch.setattr("analysis.views.findings_matches.PAGE", 2)
    first, second = (client.get(f"{ADDRESS}&page={number}") for number in (1, 2))
    assert "page=2" in first.content.decode()
    assert [row.match.concept for row in second.context["rows"]] == ["couch"]


def test_a_page_takes_few_queries_however_many_decisions(bob, run, django_assert_max_num_queries):
    for number, to in enumerate((BED, SOFA, "none", "undo")):
        said(bob, "couch", to, number)
        said(bob, "beds", to, number)
    with django_assert_max_num_queries(14):
        bob.get(ADDRESS)


def test_only_sets_that_the_network_was_shown_are_public(client, bob, run):
    rows.image_set("secret", labels=LABELS)
    rows.image_set("maskless")
    other = rows.run(rows.network("other", public=True), rows.image_set("theirs", labels=LABELS))
    reader = Client()
    for slug in ("secret", "maskless", "none", "theirs", "%00"):
        assert reader.get(f"/findings/net/matches/?images={slug}").status_code == 404
    shown = reader.get("/findings/net/matches/").context
    assert [one.slug for one in shown["sets"]] == ["rooms"]
    assert bob.get("/findings/net/matches/?images=secret").status_code == 200
    assert bob.get("/findings/net/matches/").context["image_set"].slug == "rooms"
    assert "no unit of it has the name" in reader.get("/findings/other/matches/").content.decode()
    other.image_set.labels = {}
    other.image_set.save()
    page = reader.get("/findings/other/matches/").content.decode()
    assert "there are no images with masks that other was shown" in page


def test_after_a_change_both_pages_say_that_the_run_is_outdated(bob, run):
    asked(run, run.created_at)
    run.jobs.create(step="localise", position=5, queue="gpu", state="done")
    pages = (ADDRESS, "/findings/net/localisation/")
    for address in pages:
        assert "was asked for" not in bob.get(address).content.decode()
    said(bob, "couch", BED)
    for address in pages:
        page = bob.get(address).content.decode()
        assert "the match of “<bdi>couch</bdi>” has changed" in page
        assert "/runs/new/?network=net&amp;image_set=rooms" in page
    reader = Client().get(ADDRESS).content.decode()
    assert "a researcher can ask for the step localise again" in reader
    assert "/findings/net/matches/?images=rooms" in bob.get(pages[1]).content.decode()
    said(bob, "couch", "undo", 1)
    assert "was asked for" not in bob.get(ADDRESS).content.decode()
