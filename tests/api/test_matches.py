"""`matches/`: which class each concept means, read by readers and decided by researchers."""

import pytest

from analysis.models import ConceptMatch, MatchDecision
from analysis.services.matching import match_of
from tests.analysis.test_matching import BED, LABELS, SOFA, VOID
from tests.api import rows
from tests.api.asking import all_pages, knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/matches/"
ROOMS = {"images": "rooms", "network": "net"}


@pytest.fixture
def run():
    """A run of a public network over masks; a private network has a name of its own."""
    made = rows.run(rows.network("net", public=True), rows.image_set("rooms", labels=LABELS))
    rows.label(rows.unit(made.network), "beds", run=made)
    rows.label(rows.unit(made.network, channel=1), "couch", run=made)
    private = rows.network("private")
    rows.label(rows.unit(private), "secret", run=made)
    match_of(made.image_set, "secret")
    return made


def decide(client, act, concept="couch", **more):
    body = {"image_set": "rooms", "concept": concept, "act": act} | more
    return client.post(ADDRESS, body, format="json")


def test_it_lists_the_concepts_of_a_network_and_matches_them(nobody, run):
    assert results(nobody.get(ADDRESS, {"images": "rooms"})) == []
    beds, couch = results(nobody.get(ADDRESS, ROOMS))
    assert beds.pop("changed_at").endswith("Z")
    assert beds == {
        "image_set": "rooms",
        "concept": "beds",
        "label": BED,
        "class_name": "bed",
        "how": "name",
        "why": "beds is the name of the class",
        "version": 0,
        "history": [],
    }
    assert (couch["class_name"], couch["why"]) == ("sofa", "couch and sofa mean the same")
    assert len(results(nobody.get(ADDRESS, {"images": "rooms"}))) == 2


def test_a_researcher_decides_and_takes_back(bob, nobody, run):
    match = decide(bob, "class", label=BED, version=0).json()
    assert (match["label"], match["how"], match["version"]) == (BED, "person", 1)
    assert match["history"][0].pop("at").endswith("Z")
    assert match["history"] == [
        {
            "number": 1,
            "act": "class",
            "user": "bob",
            "before_label": SOFA,
            "before_how": "wordnet",
            "after_label": BED,
            "after_how": "person",
            "undoes": None,
        }
    ]
    assert decide(bob, "none").json()["class_name"] is None
    undone = decide(bob, "undo", version=2).json()
    assert (undone["class_name"], undone["history"][-1]["undoes"]) == ("bed", 2)
    assert decide(bob, "machine").json()["how"] == "wordnet"
    [shown] = results(nobody.get(ADDRESS, {"images": "rooms", "how": "wordnet"}))
    assert [one["user"] for one in shown["history"]] == [None] * 4
    assert "bob" not in str(shown)


def test_concepts_of_private_networks_are_the_researchers_own(nobody, alice, bob, run):
    for client in (nobody, alice):
        concepts = [row["concept"] for row in results(client.get(ADDRESS, {"images": "rooms"}))]
        assert concepts == []
        hidden = client.get(ADDRESS, {"images": "rooms", "network": "private"})
        refused(hidden, 404, "not_found")
    [row] = results(bob.get(ADDRESS, {"images": "rooms"}))
    assert row["concept"] == "secret"
    rows.image_set("unseen", labels=LABELS)
    refused(nobody.get(ADDRESS, {"images": "unseen"}), 404, "not_found")
    assert results(bob.get(ADDRESS, {"images": "unseen"})) == []


def test_nobody_and_strangers_may_not_decide(nobody, alice, charlie, run):
    refused(decide(nobody, "none"), 401, "not_authenticated")
    refused(decide(alice, "none"), 403, "permission_denied")
    assert not MatchDecision.objects.exists()
    assert decide(charlie, "none").status_code == 200


def test_methods(bob):
    knows_only(bob, ADDRESS, "get", "post")


def test_bad_parameters_are_named(bob, run):
    refused(bob.get(ADDRESS), 400, "invalid", images="required")
    refused(bob.get(ADDRESS, {"images": "maskless"}), 404, "not_found")
    refused(bob.get(ADDRESS, ROOMS | {"network": "x"}), 404, "not_found")
    refused(bob.get(ADDRESS, ROOMS | {"how": "magic"}), 400, "invalid", how="choice")
    refused(bob.get(ADDRESS, ROOMS | {"concept": "bed"}), 400, "invalid", concept="no such")
    refused(bob.post(f"{ADDRESS}?images=rooms"), 400, "invalid", images="it takes: none")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"image_set": "none"}, "image_set", "does not exist"),
        ({"image_set": "maskless"}, "image_set", "does not exist"),
        ({"concept": "x" * 81}, "concept", "80"),
        ({"concept": " "}, "concept", "blank"),
        ({"concept": "a\0b"}, "concept", "Null"),
        ({"act": "guess"}, "act", "not a valid choice"),
        ({"label": -1}, "label", "greater"),
        ({"label": 2**31}, "label", "less"),
        ({"version": "x"}, "version", "integer"),
        ({"class": "bed"}, "class", "no such field"),
    ],
)
def test_bad_fields_are_named(bob, run, body, field, words):
    rows.image_set("maskless")
    sent = {"image_set": "rooms", "concept": "couch", "act": "class", "label": BED} | body
    refused(bob.post(ADDRESS, sent, format="json"), 400, "invalid", **{field: words})
    assert not MatchDecision.objects.exists()


def test_what_does_not_go_together_is_said(bob, run):
    assert "have no class 77" in refused(decide(bob, "class", label=77), 400, "invalid")
    assert f"no class {VOID}" in refused(decide(bob, "class", label=VOID), 400, "invalid")
    assert "Give its index" in refused(decide(bob, "class"), 400, "invalid")
    assert "for a class only" in refused(decide(bob, "none", label=BED), 400, "invalid")
    assert "nothing to undo" in refused(decide(bob, "undo"), 400, "invalid")


def test_twice_is_once_and_a_stale_version_a_conflict(bob, run):
    first, second = (decide(bob, "none", version=0).json() for _ in range(2))
    assert first == second
    assert "changed meanwhile" in refused(
        decide(bob, "class", label=BED, version=0), 409, "conflict"
    )
    assert decide(bob, "undo", version=1).status_code == 200
    refused(decide(bob, "undo", version=1), 409, "conflict")
    assert ConceptMatch.objects.get(concept="couch").version == 2


def test_pages_give_every_row_once_without_growing_queries(bob, run, django_assert_num_queries):
    pages = all_pages(bob, f"{ADDRESS}?images=rooms&network=net&limit=1&ordering=-concept")
    assert [row["concept"] for page in pages for row in page] == ["couch", "beds"]
    for concept in ("couch", "beds"):
        decide(bob, "none", concept)
    with django_assert_num_queries(5):  # token, role, image set, matches, decisions
        bob.get(ADDRESS, {"images": "rooms"})
