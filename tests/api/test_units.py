"""`units/`: units with their labels, found by what the labels say."""

import pytest

from analysis.models import ClassScore, ReceptiveField
from tests.api import rows
from tests.api.asking import all_pages, knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/units/"


def names(response):
    return [f"{row['network']}/{row['layer']}/{row['channel']}" for row in results(response)]


def test_a_researcher_lists_units_with_their_labels(bob):
    run = rows.run(rows.network())
    rows.label(rows.unit(run.network, channel=1), "lamp", run=run, details={"words": ["lamp"]})
    found = results(bob.get(ADDRESS))
    assert len(found) == 6
    assert found[0] == {"network": "net", "layer": "conv1", "channel": 0, "labels": []}
    label = found[1]["labels"][0]
    assert label.pop("updated_at").endswith("Z")
    assert label == {
        "source": "people",
        "origin": "first",
        "concept": "lamp",
        "category": "object",
        "precision": 0.9,
        "precision_low": 0.8,
        "precision_high": 0.95,
        "answers": 3,
        "agreement": 2 / 3,
        "images_shown": 57,
        "images_kept": 51,
        "run": run.key[:12],
    }


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_list_units_of_public_networks(who, request):
    rows.network("a", public=True, layers=["c"], channels=1)
    rows.network("b")
    assert names(request.getfixturevalue(who).get(ADDRESS)) == ["a/c/0"]


@pytest.fixture
def labelled():
    net = rows.network(layers=("conv1",), channels=5)
    rows.label(rows.unit(net, channel=0), "Lamp", precision=0.9)
    rows.label(rows.unit(net, channel=0), "light", source="machine", origin="dissection")
    rows.label(rows.unit(net, channel=1), "wall", category="region", precision=0.5)
    rows.label(rows.unit(net, channel=2), "bed", source="simulated", origin="second")
    rows.label(rows.unit(net, channel=3), "wall", source="published", category="")
    return net


@pytest.mark.parametrize(
    ("asked", "channels"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"labelled": "true"}, [0, 1, 3]),
        ({"labelled": "false"}, [2, 4]),
        ({"labelled": "true", "source": "simulated"}, [2]),
        ({"labelled": "false", "source": "people"}, [2, 3, 4]),
        ({"source": "machine"}, [0]),
        ({"concept": "lamp"}, [0]),
        ({"concept": "bed"}, []),
        ({"concept": "bed", "source": "simulated"}, [2]),
        ({"category": "region"}, [1]),
        ({"campaign": "second", "source": "simulated"}, [2]),
        ({"campaign": "dissection"}, [0]),
        ({"min_precision": "0.75"}, [0, 3]),
        ({"layer": "conv1", "network": "net", "concept": "wall"}, [1, 3]),
        ({"layer": "conv9"}, []),
        # "light" and "people" are said of unit 0, but not by one and the same label.
        ({"concept": "light", "source": "people"}, []),
    ],
)
def test_filters_about_labels_speak_of_one_label(bob, labelled, asked, channels):
    found = results(bob.get(ADDRESS, asked))
    assert [row["channel"] for row in found] == channels


def test_numbers_words_and_kinds_are_asked_for_as_on_the_page(bob, labelled):
    run = rows.run(labelled)
    for channel, iou in enumerate((0.3, 0.1)):
        unit = rows.unit(labelled, channel=channel)
        same = dict.fromkeys(("cap", "chance", "f1", "precision", "average_precision"), 0.1)
        ClassScore.objects.create(
            run=run, unit=unit, rank=0, label=0, name="night stand", iou=iou, correlation=0, **same
        )
        ReceptiveField.objects.create(run=run, unit=unit, size=50 + 100 * channel)
    words = [{"worker": "calm-fox-1", "concept": "cushion"}]
    rows.label(rows.unit(labelled, channel=4), "chair", agreement=0.2, details={"words": words})
    cases = [
        ({"max_precision": "0.6"}, [1]),
        ({"min_agreement": "0.5", "category": "object"}, [0]),
        ({"max_agreement": "0.5"}, [4]),
        ({"min_iou": "0.2"}, [0]),
        ({"max_iou": "0.2"}, [1]),
        ({"min_field": "100", "max_field": "150"}, [1]),
        ({"concept": "furniture", "kinds": "true"}, [4]),
        ({"concept": "furniture", "kinds": "false"}, []),
        ({"concept": "furniture", "kinds": "true", "source": "simulated"}, [2]),
        ({"concept": "structure", "kinds": "true", "labelled": "false"}, [0, 2, 4]),
        ({"text": "STAND night"}, [0, 1]),
        ({"text": "light"}, [0]),
        ({"text": "bed"}, []),  # simulated workers said so
        ({"text": "bed", "source": "simulated"}, [2]),
        ({"text": "cushion"}, []),  # what workers wrote is searched in one network
        ({"text": "cushion", "network": "net"}, [4]),
        ({"text": "calm-fox", "network": "net"}, []),
    ]
    for asked, channels in cases:
        assert [row["channel"] for row in results(bob.get(ADDRESS, asked))] == channels, asked


def test_others_search_neither_private_networks_nor_workers_words(nobody, alice):
    words = [{"worker": "calm-fox-1", "concept": "cushion"}]
    for slug, public in (("open", True), ("closed", False)):
        net = rows.network(slug, public=public, layers=["c"], channels=1)
        rows.label(rows.unit(net, "c"), "secret chair", details={"words": words})
    for person in (nobody, alice):
        for asked in ({"text": "chair"}, {"concept": "furniture", "kinds": "true"}):
            assert names(person.get(ADDRESS, asked)) == ["open/c/0"]
        assert names(person.get(ADDRESS, {"text": "cushion", "network": "open"})) == []


def test_simulated_labels_are_shown_only_when_asked_for(bob, labelled):
    shown = [row["labels"] for row in results(bob.get(ADDRESS))]
    assert [label["source"] for labels in shown for label in labels] == [
        "machine",
        "people",
        "people",
        "published",
    ]
    only = results(bob.get(ADDRESS, {"source": "simulated"}))
    assert [label["source"] for row in only for label in row["labels"]] == ["simulated"]


def test_a_label_without_a_category_says_null(bob, labelled):
    row = results(bob.get(ADDRESS, {"source": "published"}))[0]
    assert row["labels"][0]["category"] is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"labels__origin": "x"}, "no such parameter"),
        ({"semantics__run__created_by__password__startswith": "p"}, "no such parameter"),
        ({"labelled": "1"}, "available choices"),
        ({"category": "thing"}, "available choices"),
        ({"source": "rumour"}, "available choices"),
        ({"min_precision": "1.5"}, "less than or equal to 1"),
        ({"min_precision": "nan"}, "Enter a number"),
        ({"min_precision": "1e999999"}, ""),
        ({"ordering": "precision"}, "take one of"),
        ({"max_field": "-1"}, "greater than or equal to 0"),
        ({"kinds": "true"}, "Kinds of what?"),
        ({"min_iou": "0.5", "max_iou": "0.2"}, "Nothing is at least 0.5 and at most 0.2"),
        ({"concept": "blorp", "kinds": "true"}, "WordNet knows no noun"),
    ],
)
def test_bad_parameters_are_named(bob, asked, said):
    refused(bob.get(ADDRESS, asked), 400, "invalid", **{next(iter(asked)): said})


def test_a_network_that_one_may_not_see_is_said_to_be_missing(alice):
    rows.network("a")
    refused(alice.get(ADDRESS, {"network": "a"}), 404, "not_found")


def test_it_knows_get_only(bob):
    knows_only(bob, ADDRESS, "get")


def test_pages_give_every_unit_once_with_the_filters_kept(bob):
    net = rows.network(channels=5, layers=["c"])
    for channel in (0, 1, 2, 4):
        rows.label(rows.unit(net, "c", channel))
    pages = all_pages(bob, f"{ADDRESS}?limit=3&labelled=true")
    assert [row["channel"] for page in pages for row in page] == [0, 1, 2, 4]


def test_the_number_of_queries_does_not_grow_with_the_rows(bob, django_assert_num_queries):
    run = rows.run(rows.network(channels=20))
    bob.get(ADDRESS)
    for channel in range(20):
        for origin in ("first", "second"):
            rows.label(rows.unit(run.network, channel=channel), origin=origin, run=run)
    with django_assert_num_queries(4):  # token, role, units, labels with their runs
        bob.get(ADDRESS)


def test_a_filter_by_network_costs_one_query_more(bob, django_assert_num_queries):
    rows.network()
    bob.get(ADDRESS)
    with django_assert_num_queries(5):
        bob.get(ADDRESS, {"network": "net"})
