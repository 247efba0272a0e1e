"""`statistics/{name}/` and `.csv`: counted by hand, of what the caller may see, and strict."""

import csv
import io
import statistics

import pytest

from analysis.models import Network, Run, Segment
from analysis.services.statistics import OF_LABELS, OF_OBJECTS, STATISTICS
from tests.api import rows
from tests.api.asking import knows_only, refused

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

ADDRESS = "/api/v1/statistics/segments/"
TABLE = "/api/v1/statistics/segments.csv"


@pytest.fixture
def run():
    """A run of a public network whose two layers have pictures that show this and that."""
    made = rows.run(rows.network("open", public=True))
    shown = {("conv1", 0): (0.1, 0.2), ("conv1", 2): (0.6,), ("conv2", 1): (0.5,)}
    for (layer, channel), shares in shown.items():
        for rank, share in enumerate(shares):
            top = rows.top_image(made, rows.unit(made.network, layer, channel), rank)
            Segment.objects.filter(top_image=top).update(visible=share)
    low = rows.top_image(made, rows.unit(made.network), 0, end="low")  # planted: not counted
    Segment.objects.filter(top_image=low).update(visible=1.0)
    return made


def table(response):
    assert response.status_code == 200, response.content
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


@pytest.mark.parametrize("who", ["nobody", "alice", "bob"])
def test_rows_are_what_one_counts_by_hand(who, request, run):
    answer = request.getfixturevalue(who).get(ADDRESS, {"run": run.short_key})
    assert answer.status_code == 200
    body = answer.json()
    assert {key: body[key] for key in ("statistic", "network", "run", "synthetic")} == {
        "statistic": "segments",
        "network": "open",
        "run": run.short_key,
        "synthetic": False,
    }
    first, second = body["rows"]
    spread = statistics.stdev([0.1, 0.2, 0.6])
    assert first == {
        "layer": "conv1",
        "field": "disc",
        "units": 2,
        "images": 3,
        "visible": pytest.approx(0.3),
        "visible_sd": pytest.approx(spread),
    }
    assert (second["layer"], second["visible"], second["visible_sd"]) == ("conv2", 0.5, None)


def test_the_table_has_the_same_rows(bob, run):
    answer = bob.get(TABLE, {"run": run.key})
    name = f"segments-open-{run.short_key}.csv"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    told = bob.get(ADDRESS, {"run": run.key}).json()["rows"]
    for row, expected in zip(table(answer), told, strict=True):
        written = {key: "" if value is None else str(value) for key, value in expected.items()}
        assert row == written


def test_what_is_synthetic_says_so(bob, run):
    run.image_set.synthetic = True
    run.image_set.save()
    assert bob.get(ADDRESS, {"run": run.key}).json()["synthetic"] is True


@pytest.mark.parametrize("address", [ADDRESS, TABLE])
def test_a_private_network_is_told_like_one_that_is_not_there(address, nobody, alice, bob, run):
    run.network.public = False
    run.network.save()
    for client in (nobody, alice):
        hidden = refused(client.get(address, {"run": run.short_key}), 404, "not_found")
        missing = refused(client.get(address, {"run": "0" * 12}), 404, "not_found")
        assert hidden.replace(run.short_key, "0" * 12) == missing
    assert bob.get(address, {"run": run.short_key}).status_code == 200


@pytest.mark.parametrize("address", [ADDRESS, TABLE])
def test_a_run_without_the_step_says_so(address, bob, run):
    run.jobs.filter(step="segment").update(state="running")
    message = refused(bob.get(address, {"run": run.key}), 404, "not_found")
    assert "has not finished the step segment" in message


@pytest.fixture
def media(settings, tmp_path):
    """A media folder with nothing in it."""
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.usefixtures("media")
@pytest.mark.parametrize(
    ("name", "step", "sentence"),
    [
        ("localised-images", "localise", "kept only sums over images, as earlier versions did"),
        ("dissection-scores", "dissect", "The scores of conv1 of run"),
        ("scene-names", "simplify", "kept no list of what each image was named"),
        ("scene-objects", "simplify", "kept no list of what each image holds"),
        ("image-objects", "count", "has no file of what each image holds"),
    ],
)
def test_a_run_that_kept_no_single_rows_says_so(bob, run, name, step, sentence):
    run.jobs.create(step=step, position=2, queue="cpu", state="done")
    for end in ("/", ".csv"):
        answer = bob.get(f"/api/v1/statistics/{name}{end}", {"run": run.key})
        assert sentence in refused(answer, 404, "not_found")


def test_more_rows_than_an_answer_holds_are_a_table(bob, run, monkeypatch):
    address = "/api/v1/statistics/segmented-images"
    monkeypatch.setattr("analysis.services.statistics.JSON_ROWS", 4)
    assert len(bob.get(f"{address}/", {"run": run.key}).json()["rows"]) == 4
    monkeypatch.setattr("analysis.services.statistics.JSON_ROWS", 3)
    told = bob.get(f"{address}/", {"run": run.key})
    assert told.status_code == 400
    assert "more than 3 rows here: take the table segmented-images.csv" in told.content.decode()
    assert len(table(bob.get(f"{address}.csv", {"run": run.key}))) == 4


@pytest.mark.parametrize("address", [ADDRESS, TABLE])
def test_bad_parameters_are_named(address, bob, run):
    refused(bob.get(address), 400, "invalid", run="give 12 to 64 digits")
    refused(bob.get(address, {"run": "zebra"}), 400, "invalid", run="'zebra' is no key")
    refused(
        bob.get(address, {"run": run.key, "x": "1"}), 400, "invalid", x="it takes: against, run"
    )


@pytest.mark.parametrize("end", ["/", ".csv", ""])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_statistic_is_told_which_there_are_nearest_first(nobody, end, method):
    told = refused(getattr(nobody, method)(f"/api/v1/statistics/segmants{end}"), 404, "not_found")
    assert told.startswith("There is no statistic 'segmants'; there are: segments, ")
    assert all(told.count(f" {name}") >= 1 for name in (*STATISTICS, *OF_LABELS, *OF_OBJECTS))


def test_a_known_one_without_its_slash_is_told_of_the_slash(nobody):
    told = refused(nobody.get("/api/v1/statistics/segments"), 404, "not_found")
    assert told.endswith("Addresses end with a slash.")


def test_it_knows_get_only(bob):
    knows_only(bob, ADDRESS, "get")
    knows_only(bob, TABLE, "get")


def test_twice_is_the_same_and_the_second_is_short(bob, run):
    first = bob.get(ADDRESS, {"run": run.key})
    again = bob.get(ADDRESS, {"run": run.key}, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


@pytest.fixture
def callers(bob, charlie, nobody, alice):
    return bob, charlie, nobody, alice


@pytest.mark.parametrize("address", [ADDRESS, TABLE])
def test_what_a_done_run_found_is_not_counted_again_for_who_has_it(
    address, callers, run, monkeypatch
):
    bob, charlie, nobody, alice = callers
    asked = {"run": run.key}
    Network.objects.filter(pk=run.network_id).update(public=False)
    first = bob.get(address, asked)
    assert first["Cache-Control"] == "private, no-cache"
    has = {"If-None-Match": f'"other", W/{first["ETag"]}'}
    for stranger in (nobody, alice):  # what is private is not even known to be there
        refused(stranger.get(address, asked, headers=has), 404, "not_found")
    Network.objects.filter(pk=run.network_id).update(public=True)
    read = nobody.get(address, asked, headers=has)
    assert (read.status_code, read["Cache-Control"]) == (200, "public, no-cache")
    assert read["ETag"] != first["ETag"], "a researcher's answer is another one"
    assert first["Vary"] == read["Vary"] == "Accept, Authorization, Cookie"
    with monkeypatch.context() as patch:
        counted = []
        patch.setattr("analysis.services.statistics.as_json", counted.append)
        patch.setattr("analysis.services.statistics.as_csv", counted.append)
        for researcher in (bob, charlie):
            again = researcher.get(address, asked, headers=has)
            assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert not counted
    other = bob.get(address, {"run": run.key[:12]}, headers=has)
    assert other.status_code == 200, "another question"
    Run.objects.filter(pk=run.pk).update(state="running")
    assert bob.get(address, asked, headers=has).get("ETag") != first["ETag"], "not done"


def test_it_takes_few_queries_however_many_rows(bob, run, django_assert_max_num_queries):
    bob.get(ADDRESS, {"run": run.key})
    with django_assert_max_num_queries(5):
        bob.get(ADDRESS, {"run": run.key})
