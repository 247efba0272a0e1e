"""Published answers as a campaign: its rows, its labels, twice, corrected, and what is refused."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analysis.models import Network, UnitSemantics
from annotate.models import Answer, AuditEntry, Campaign, Task, Worker
from annotate.services import campaigns, cloning, concepts, extending, pay, reviews
from annotate.services.assignments import claim
from annotate.services.campaigns import CannotOpen
from tests.annotate.factories import a_worker, open_small_campaign
from tests.annotate.released import changed, release
from tests.annotate.test_import_answers import imported, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

SAME = ("concept", "category", "precision", "answers", "agreement", "images_kept")


def labels(**of):
    """Return what labels say, by unit."""
    rows = UnitSemantics.objects.filter(**of).order_by("unit__layer__position", "unit__channel")
    return [tuple(getattr(row, name) for name in SAME) for row in rows]


@pytest.fixture
def mat(tmp_path):
    """A release of two layers with three units each."""
    return release(tmp_path / "answers.mat")


@pytest.fixture
def places(mat):
    """That release as a campaign."""
    imported(mat, as_campaign="zhou2015")
    return Campaign.objects.get()


def test_a_release_becomes_a_closed_campaign_with_the_labels_of_the_plain_import(mat):
    said = imported(mat, as_campaign="zhou2015")
    assert "18 answers about 6 units of 2 layers, source published, from zhou2015." in said
    assert "6 labels written." in said
    assert "/campaigns/zhou2015/" in said
    made = Campaign.objects.get()
    assert (made.published, made.state, made.run, made.source) == (
        True,
        "closed",
        None,
        "published",
    )
    assert (made.network.slug, made.answers_per_unit) == ("places", 3)
    assert set(made.tasks.values_list("answers_wanted", "answers_given")) == {(3, 3)}
    first = Answer.objects.counted(made).order_by("pk")[0]
    assert (first.worker.pseudonym, first.worker.kind) == ("zhou2015/answer 1", "published")
    assert (first.kept, first.shown, first.images) == (57, 57, (57, 57))
    assert Worker.objects.count() == 3
    ours = labels(origin="zhou2015")
    imported(mat, network="plain", origin="other")
    assert labels(origin="other") == ours


def test_the_same_file_twice_changes_nothing(mat, places):
    before = [
        list(model.objects.order_by("pk").values())
        for model in (Campaign, Task, Worker, Answer, UnitSemantics, AuditEntry)
    ]
    assert "nothing changed" in imported(mat, as_campaign="zhou2015")
    after = [
        list(model.objects.order_by("pk").values())
        for model in (Campaign, Task, Worker, Answer, UnitSemantics, AuditEntry)
    ]
    assert after == before


def test_a_corrected_file_changes_what_differs(tmp_path, places):
    kept = set(Answer.objects.exclude(task__unit__layer__name="pool5").values_list("pk", flat=True))
    said = imported(release(tmp_path / "new.mat", changed(0, "sofa")), as_campaign="zhou2015")
    assert "1 labels written, 5 were there already." in said
    assert Answer.objects.count() == 18
    assert kept <= set(Answer.objects.values_list("pk", flat=True))
    acts = AuditEntry.objects.order_by("pk").values_list("act", "reason")
    assert [act for act, _ in acts] == ["imported", "imported"]
    assert "1 units with other answers" in acts[1][1]


def test_nobody_is_asked_paid_or_served_there(places, researcher):
    worker = a_worker()
    assert not places.admits(worker)
    assert claim(worker, places, timezone.now()) is None
    with pytest.raises(CannotOpen, match="published answers"):
        campaigns.reopen(places)
    with pytest.raises(CannotOpen, match="published answers"):
        extending.extend(places, extending.More(5), researcher, timezone.now())
    with pytest.raises(CannotOpen, match="published answers"):
        cloning.clone(places, slug="a", lessons=False, by=researcher, now=timezone.now())
    with pytest.raises(reviews.CannotReview, match="would not be counted"):
        reviews.begin(places.tasks.first(), timezone.now(), researcher)
    with pytest.raises(pay.PayRefused, match="nobody is paid"):
        pay.set_pay(places, pay.Terms(1, 0, "USD", 0), researcher, timezone.now())
    with pytest.raises(CommandError, match="published answers"):
        call_command("simulate_workers", "zhou2015")
    assert Campaign.objects.get().state == "closed"


def test_decisions_about_words_hold_for_published_answers_too(places, researcher):
    rows = concepts.concepts(places)
    assert {(row.name, len(row.labels)) for row in rows} == {
        ("lamp", 2),
        ("stripes", 2),
        ("bed", 2),
    }
    concepts.merge(campaign=places, word="light", into="lamp", user=researcher)
    lamp = UnitSemantics.objects.get(unit__layer__name="pool5", unit__channel=0)
    assert lamp.agreement == pytest.approx(2 / 3)  # "light" was said to be a part
    assert [word["same_concept_as"] for word in lamp.details["words"]] == [0, 0, 0]
    assert lamp.details["words"][2]["stands"] == "researcher"
    concepts.split(campaign=places, word="light", concept="lamp", user=researcher)
    lamp.refresh_from_db()
    assert [word["same_concept_as"] for word in lamp.details["words"]] == [0, 0, 1]
    concepts.rename(campaign=places, concept="bed", name="beds", user=researcher)
    assert UnitSemantics.objects.filter(concept="beds").count() == 2


def test_names_that_are_taken_or_would_label_twice_are_refused(mat):
    open_small_campaign(units=1, slug="rooms")
    assert "The campaign 'rooms' asks people" in refused(mat, as_campaign="rooms")
    assert "address of a page" in refused(mat, as_campaign="new")
    assert "say --as-campaign NAME" in refused(mat, as_campaign="a b")
    with pytest.raises(CommandError, match="leave --origin out"):
        imported(mat, as_campaign="a", origin="b")
    imported(mat)
    told = refused(mat, as_campaign="other")
    assert "stand under 'zhou2015' already: say --as-campaign zhou2015" in told
    assert not Campaign.objects.filter(slug="other").exists()
    imported(mat, as_campaign="zhou2015")
    assert UnitSemantics.objects.count() == 6
    assert "say --as-campaign zhou2015" in refused(mat)
    told = refused(mat, network="elsewhere", as_campaign="zhou2015")
    assert "holds answers about places" in told
    assert not Network.objects.filter(slug="elsewhere").exists()


def test_a_damaged_file_leaves_no_campaign(tmp_path):
    path = release(tmp_path / "answers.mat", changed(4, 9))
    assert "pool5, unit 2, answer 2" in refused(path, as_campaign="zhou2015")
    assert not Campaign.objects.exists()
    assert not Worker.objects.exists()


ROOMS = (
    "", "live/", "agreement/", "workers/", "review/", "concepts/", "answers/", "rules/", "audit/",
    "answers.csv", "answers.jsonl", "audit.csv", "clone/", "teaching/",
)  # fmt: skip


def test_every_room_of_it_opens_and_what_a_review_did_stands_in_the_log(places, client, admin):
    client.force_login(admin)
    answer = Answer.objects.counted(places).order_by("pk")[0]
    reviews.reject(answer, "a word of no meaning", timezone.now(), admin)
    for room in ROOMS:
        reply = client.get(f"/campaigns/zhou2015/{room}")
        assert reply.status_code in (200, 302), room
    workers = client.get("/campaigns/zhou2015/workers/").content.decode()
    assert "zhou2015/answer 1" in workers
    assert "published answers" in workers
    assert "a word of no meaning" in client.get("/campaigns/zhou2015/audit/").content.decode()
