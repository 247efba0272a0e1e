"""Answers out and back in: a table or long lines, the same labels; every wrong value is named."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from analysis.models import UnitSemantics
from annotate.models import Answer, Campaign, Task
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker, open_small_campaign
from tests.annotate.test_import_answers import imported, refused
from tests.annotate.test_published_campaigns import labels

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture(scope="module")
def rooms(django_db_setup, django_db_blocker):
    """A campaign with two answers about each of two units, one of them rejected by a review."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = open_small_campaign(units=2, slug="rooms", answers=3)
        first = min(task.unit.channel for task in made.tasks.select_related("unit"))
        for words in (["=lamp", "poodle"], ["a lamp", "dog"], ["light", "dogs"]):
            worker = a_worker()
            for _ in words:  # every worker has an order of units of her own
                lease = claim(worker, made, timezone.now())
                concept = words[lease.task.unit.channel != first]
                controls = lease.task.controls
                fits = [place for place in range(60) if place not in controls]
                given = a_given(
                    lease, concept=concept, rejected=[*controls, *fits[: len(concept)]], unseen=[59]
                )
                submit(lease, given, timezone.now() + timedelta(seconds=40))
        last = Answer.objects.filter(concept="light")
        last.update(counts=False)
        Task.objects.filter(answers__in=last).update(answers_given=2)
        publish(made)
        yield made
        transaction.set_rollback(True)


def exported(campaign, path, form="unitscope"):
    call_command(
        "export_answers", campaign.slug, output=str(path), format=form, stderr=io.StringIO()
    )
    return path


@pytest.mark.parametrize("form", ["unitscope", "unitscope-answers"])
def test_what_goes_out_comes_back_with_the_same_labels(rooms, tmp_path, form):
    path = exported(rooms, tmp_path / "back", form)
    imported(path, network=rooms.network.slug, form=form, as_campaign="again")
    again = Campaign.objects.get(slug="again")
    known = form == "unitscope-answers"
    assert again.run == (rooms.run if known else None)
    ours, theirs = labels(origin="rooms"), labels(origin="again")
    assert len(theirs) == len(ours) == 2
    if known:
        assert theirs == ours
        low = UnitSemantics.objects.values_list("precision_low", "precision_high").order_by("unit")
        assert list(low.filter(origin="again")) == list(low.filter(origin="rooms"))
    else:  # by majority, and images are not known
        assert theirs[0][1] == ours[0][1]
        assert theirs[0][2:5] == pytest.approx(ours[0][2:5])
    assert set(UnitSemantics.objects.filter(origin="again").values_list("source", flat=True)) == {
        "published"
    }
    lines = [exported(one, tmp_path / "x", form).read_text() for one in (rooms, again)]
    assert lines[1].replace('"published"', '"people"').replace(",published,", ",people,").replace(
        f'"run": "{rooms.run.key}"', ""
    ) == lines[0].replace(f'"run": "{rooms.run.key}"', "")


def test_the_long_lines_come_back_where_the_run_is_not(rooms, tmp_path):
    path = exported(rooms, tmp_path / "back", "unitscope-answers")
    imported(path, network="elsewhere", form="unitscope-answers", as_campaign="again")
    again = Campaign.objects.get(slug="again")
    assert again.run is None
    assert set(again.tasks.values_list("answers_given", flat=True)) == {2, 3}
    assert [task.items for task in again.tasks.all()] == [[], []]
    counted = Answer.objects.counted(again)
    assert counted.count() == 5
    ours = Answer.objects.counted(rooms).order_by("pk")
    assert [one.images for one in counted.order_by("task", "pk")] == [
        one.images for one in sorted(ours, key=lambda one: (one.task_id, one.pk))
    ]
    assert counted.first().focused_seconds == 30


WRONG = {
    "unit": (-1, "unit: '-1' is no whole number"),
    "category": ("thing", "category: 'thing' is none of simple"),
    "concept": ("??", "concept: “??” has no letter"),
    "worker": ("a\u0000b", "worker: 'a\\x00b' must have 1 to 80 printed letters"),
    "kept": (1, "kept: 1 of {shown} is not what its places say"),
    "shown": (0, "is no whole number up to 0"),
    "items": (["top/0", "top/0"], "items: a list of different images"),
    "planted": ([60], "planted: a list of different places from 0 to 59"),
    "rejected": ([True], "rejected: a list of different places"),
    "counts": (1, "counts: 1 is neither true nor false"),
    "created_at": ("yesterday", "created_at: 'yesterday' is no time"),
    "seconds": (1e9, "seconds: '1000000000.0' is no whole number"),
    "source": ("rumour", "source: 'rumour' is none of people"),
    "run": ("x", "run: 'x' is no key of a run"),
    "network": ("other", "one file holds the answers of one campaign"),
    "layer": ("a b", "layer: 'a b' is no name of a layer"),
}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_value_is_named_and_nothing_stays(rooms, tmp_path, key):
    path = exported(rooms, tmp_path / "back.jsonl", "unitscope-answers")
    first, second, *rest = path.read_text().splitlines()
    value, told = WRONG[key]
    damaged = json.dumps(json.loads(second) | {key: value})
    path.write_text("\n".join([first, damaged, *rest]))
    said = told.format(shown=json.loads(second)["shown"])  # 56, or 57 if the unseen one is planted
    assert said in refused(path, network="copy", form="unitscope-answers", as_campaign="again")
    assert not Campaign.objects.filter(slug="again").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no answer"),
        ("{", "line 1 of back.jsonl is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1]", "must be an object with just network, run"),
        ('{"network": "a"}', "must be an object with just"),
    ],
)
def test_no_such_lines_are_refused(tmp_path, text, told):
    path = tmp_path / "back.jsonl"
    path.write_text(text)
    assert told in refused(path, network="copy", form="unitscope-answers")
