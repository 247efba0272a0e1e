"""`units/…/top-images/`: the images of one unit in one run, by rank."""

import pytest

from tests.api import rows
from tests.api.asking import all_pages, knows_only, refused, results

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/units/net/conv1/0/top-images/"


@pytest.fixture
def run():
    made = rows.run(rows.network(public=True))
    unit = rows.unit(made.network)
    for rank in range(3):
        rows.top_image(made, unit, rank)
    rows.top_image(made, unit, 0, "low")
    rows.top_image(made, rows.unit(made.network, channel=1), 0)
    return made


def test_a_researcher_lists_the_images_with_all_about_them(bob, run):
    found = results(bob.get(ADDRESS))
    assert [row["rank"] for row in found] == [0, 1, 2]
    row = found[0]
    token = run.top_images.get(unit__channel=0, end="top", rank=0).segment.token
    assert row.pop("pictures")["segmented"]["tile2x"] == (
        f"http://testserver/pictures/{token}/segmented-tile2x.webp"
    )
    number = row["image"].pop("number")
    assert row == {
        "run": run.key[:12],
        "end": "top",
        "rank": 0,
        "activation": 9.5,
        "row": 2,
        "column": 3,
        "visible": 0.25,
        "image": {
            "image_set": run.image_set.slug,
            "path": f"kitchen/{number}.jpg",
            "scene": "",
            "width": 640,
            "height": 480,
        },
    }


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_see_the_pictures_but_not_the_paths(who, request, run):
    found = results(request.getfixturevalue(who).get(ADDRESS))
    assert len(found) == 3
    assert {row["image"]["path"] for row in found} == {None}


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_others_see_nothing_of_private_networks(who, request, run):
    run.network.public = False
    run.network.save()
    refused(request.getfixturevalue(who).get(ADDRESS), 404, "not_found")


def test_the_weakest_images_are_asked_for(bob, run):
    assert [row["end"] for row in results(bob.get(ADDRESS, {"end": "low"}))] == ["low"]


def test_the_newest_run_answers_unless_one_is_named(bob, run):
    newer = rows.run(run.network)
    rows.top_image(newer, rows.unit(run.network), 0)
    assert {row["run"] for row in results(bob.get(ADDRESS))} == {newer.key[:12]}
    for key in (run.key, run.key[:12]):
        assert len(results(bob.get(ADDRESS, {"run": key}))) == 3


def test_a_picture_that_is_not_rendered_yet_says_null(bob, run):
    run.top_images.get(unit__channel=0, end="top", rank=0).segment.delete()
    row = results(bob.get(ADDRESS))[0]
    assert (row["pictures"], row["visible"]) == (None, None)


def test_a_unit_without_top_images_has_an_empty_list(bob):
    rows.network()
    assert results(bob.get(ADDRESS)) == []


def test_it_knows_get_only(bob, run):
    knows_only(bob, ADDRESS, "get")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"end": "middle"}, "neither top nor low"),
        ({"run": "xyz"}, "12 to 64"),
        ({"run": "%" * 12}, "12 to 64"),
        ({"unit__layer__network__created_by__password": "x"}, "no such parameter"),
    ],
)
def test_bad_parameters_are_named(bob, run, asked, said):
    refused(bob.get(ADDRESS, asked), 400, "invalid", **{next(iter(asked)): said})


def test_a_run_that_never_saw_the_unit_is_not_found(bob, run):
    refused(bob.get(ADDRESS, {"run": "f" * 64}), 404, "not_found")


def test_pages_give_every_image_once(bob, run):
    pages = all_pages(bob, f"{ADDRESS}?limit=2&ordering=-rank")
    assert [row["rank"] for page in pages for row in page] == [2, 1, 0]


def test_the_number_of_queries_does_not_grow_with_the_rows(bob, run, django_assert_num_queries):
    bob.get(ADDRESS)
    for rank in range(3, 20):
        rows.top_image(run, rows.unit(run.network), rank)
    with django_assert_num_queries(5):  # token, role, unit, run, top images
        assert len(results(bob.get(ADDRESS))) == 20
