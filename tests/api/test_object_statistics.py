"""`statistics/{objects,correlations,unit-objects}/`: of labels and the masks of a set, strict."""

import csv
import io

import pytest

from analysis.models import Network
from tests.analysis.counted import a_counted_run, a_room_set, finished
from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

OBJECTS = "/api/v1/statistics/objects/"
CORRELATIONS = "/api/v1/statistics/correlations/"
ASKED = {"network": "open", "source": "people", "image_set": "rooms"}


@pytest.fixture
def network(settings, tmp_path):
    """A public network with labels, and rooms that another public network was shown."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = rows.network("open", public=True)
    rows.label(rows.unit(made), "bed")
    rows.label(rows.unit(made, channel=1), "oven", precision=0.5)
    rows.label(rows.unit(made, "conv2"), "giraffe")
    finished(a_counted_run(tmp_path, given={"least_scene": 4}))
    Network.objects.update(public=True)
    return made


@pytest.mark.parametrize("who", ["nobody", "alice", "bob"])
def test_rows_are_what_one_counts_by_hand(who, request, network):
    body = request.getfixturevalue(who).get(OBJECTS, ASKED).json()
    told = body.pop("rows")
    assert body == {
        "statistic": "objects",
        "network": "open",
        "source": "people",
        "campaign": None,
        "threshold": 0.75,
        "image_set": "rooms",
        "layers": None,
        "synthetic": False,
    }
    assert [(row["layer"], row["object"], row["units"]) for row in told] == [
        (None, "wall", 0),
        (None, "floor", 0),
        (None, "bed", 1),
        (None, "lamp", 0),
        (None, "oven", 0),
        (None, "ghost", 0),
        ("conv1", "bed", 1),
    ]
    bed = told[2]
    assert (bed["images"], bed["instances"], bed["pixels"]) == (12, 12, 12 * 80)
    assert bed["information_raw"] == 1.0


def test_threshold_layers_and_campaign_choose(bob, network):
    table = bob.get("/api/v1/statistics/unit-objects/", ASKED | {"threshold": "0.4"}).json()
    assert [row["object"] for row in table["rows"]] == ["bed", "oven", None]
    asked = ASKED | {"layers": "conv2"}
    body = bob.get("/api/v1/statistics/unit-objects/", asked).json()
    assert (body["layers"], [row["concept"] for row in body["rows"]]) == (["conv2"], ["giraffe"])
    rows.label(rows.unit(network), "lamp", origin="second")
    told = bob.get(OBJECTS, ASKED | {"campaign": "second"}).json()["rows"]
    assert [row["object"] for row in told if row["units"]] == ["lamp", "lamp"]


@pytest.mark.parametrize("name", ["objects", "correlations", "unit-objects", "coverage"])
def test_the_table_has_the_same_rows(name, bob, network):
    answer = bob.get(f"/api/v1/statistics/{name}.csv", ASKED)
    told = f'attachment; filename="{name}-open-people-rooms.csv"'
    assert answer["Content-Disposition"] == told
    table = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    expected = bob.get(f"/api/v1/statistics/{name}/", ASKED).json()["rows"]
    assert table
    for row, one in zip(table, expected, strict=True):
        assert row == {key: "" if cell is None else str(cell) for key, cell in one.items()}


def test_bad_parameters_are_named(bob, network):
    refused(bob.get(OBJECTS), 400, "invalid", image_set="image_set=SLUG")
    asked = {"image_set": "rooms", "source": "people"}
    refused(bob.get(OBJECTS, asked), 400, "invalid", network="network=SLUG")
    asked = ASKED | {"layers": "conv1,conv9"}
    refused(bob.get(OBJECTS, asked), 400, "invalid", layers="open has no layer 'conv9'")
    refused(bob.get(OBJECTS, ASKED | {"run": "0" * 12}), 400, "invalid", run="no such parameter")
    refused(bob.get(OBJECTS, ASKED | {"threshold": "2"}), 400, "invalid", threshold="0 to 1")


def test_what_is_not_there_or_private_is_told_alike(bob, nobody, network, tmp_path):
    told = refused(bob.get(OBJECTS, ASKED | {"image_set": "none"}), 404, "not_found")
    assert told == "There is no image set 'none' with masks that you may see."
    a_room_set(tmp_path / "other", slug="other")  # shown to no public network
    hidden = refused(nobody.get(OBJECTS, ASKED | {"image_set": "other"}), 404, "not_found")
    assert hidden == told.replace("none", "other")
    Network.objects.update(public=False)
    refused(nobody.get(OBJECTS, ASKED), 404, "not_found")
    asked = ASKED | {"image_set": "other"}
    assert bob.get(OBJECTS, asked).json()["rows"][0]["images"] is None
    told = refused(bob.get(CORRELATIONS, asked), 404, "not_found")
    assert told == "No run over other has finished the step count."
    told = refused(bob.get(OBJECTS, ASKED | {"source": "published"}), 404, "not_found")
    assert told == "No unit of open has a label by the source published."


def test_it_knows_get_only_and_twice_is_the_same(bob, network):
    knows_only(bob, OBJECTS, "get")
    first = bob.get(CORRELATIONS, ASKED)
    again = bob.get(CORRELATIONS, ASKED, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
