"""A report of a run that is named: its pages, its dissection's words, and what it says it lacks."""

import io
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analysis.models import Job, Report, Run, State, Unit, UnitSemantics
from analysis.services import class_results, dissected, figure_pages, meanings, reports
from analysis.services.report_content import gather
from analysis.services.report_runs import LISTED, listed, runs_for_report
from tests.analysis import against
from tests.analysis.reported import NOW, Page
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def a_dissection(network, images, iou, days, steps=("dissect",)):
    """Return a run that has dissected, whose labels stand now."""
    run = rows.run(network, rows.image_set(images, labels=against.LABELS))
    for position, step in enumerate(steps):
        Job.objects.create(run=run, step=step, position=2 + position, queue="cpu", state=State.DONE)
    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=days))
    run.refresh_from_db()
    for layer in network.layers.all():
        against.detectors_of(run, layer.units.order_by("channel"), np.random.default_rng(days), iou)
        class_results.write_semantics(run, layer)
    against.summary(run)
    return run


@pytest.fixture
def network(settings, tmp_path):
    """A public network that was dissected over rooms, and since over streets."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = rows.network("demo", public=True, channels=4)
    old = a_dissection(made, "rooms", 0.05, 9, steps=("locate", "dissect"))
    against.fields_of(old, made.layers.first().units.all(), np.random.default_rng(0), 30)
    a_dissection(made, "streets", 0.5, 1)
    return made


@pytest.fixture
def old(network):
    return network.runs.get(image_set__slug="rooms")


@pytest.fixture
def new(network):
    return network.runs.get(image_set__slug="streets")


def written(tmp_path, *words, **options):
    out = io.StringIO()
    call_command("report", *words, output=tmp_path / "out", stdout=out, overwrite=True, **options)
    return Page((tmp_path / "out" / "report.html").read_text()).text


def refused(tmp_path, *words, **options):
    with pytest.raises(CommandError) as error:
        call_command("report", *words, output=tmp_path / "out", **options)
    return str(error.value)


def words_of(run):
    """What a dissection says of units, by key of the unit."""
    return {one.unit_id: one.concept for one in dissected.labels_by(run)}


def test_the_labels_of_the_newest_dissection_are_what_its_rows_say(network, new, old):
    stand = dict(UnitSemantics.objects.values_list("unit", "concept"))
    assert stand == words_of(new) != words_of(old)
    assert words_of(old)


def test_a_report_of_an_older_dissection_shows_it_and_says_so(network, old, new, tmp_path):
    text = written(tmp_path, "demo", run=old.short_key[:9].upper(), source="machine")
    # Fields and detectors have figures; pages without any are listed at the end.
    assert text.count(f"Run {old.short_key} over 100 images of rooms.") == 2
    assert f"Run {new.short_key} over" not in text
    assert f"Run {old.short_key} was asked for, whichever is the newest" in text
    assert "Chosen by its key" in text
    assert f"labels of machine, dissection-{old.short_key}" in text
    data = {path.name for path in (tmp_path / "out" / "data").glob("*.csv")}
    assert f"dissection-demo-{old.short_key}.csv" in data
    name = f"concepts-demo-machine-dissection-{old.short_key}.csv"
    told = (tmp_path / "out" / "data" / name).read_text().splitlines()[1:]
    assert {line.split(",")[0] for line in told} == set(words_of(old).values())
    # Without it the newest of each step stands there, as before; of locate there is one alone.
    text = written(tmp_path, "demo", source="machine")
    assert text.count(f"Run {new.short_key} over 100 images of streets.") == 1
    assert "whichever is the newest" not in text
    assert "Chosen the newest that has finished a step" in text


def test_examples_are_units_of_the_dissection_that_is_named(network, old):
    asked = {"run": old.short_key, "source": "machine"}
    report = gather(reports.subject(network, None, asked, "", NOW))
    named = words_of(old)
    units = {(unit.layer.name, unit.channel): unit.pk for unit in Unit.objects.all()}
    assert report.examples
    assert all(named[units[one.layer, one.unit]] == one.concept for one in report.examples)


def test_a_page_whose_step_the_run_lacks_says_that_another_run_is_shown(network, old, new):
    report = gather(reports.subject(network, None, {"run": new.short_key}, "", NOW))
    about = {section.name: section.about for section in report.sections}
    assert about["detectors"] == f"Run {new.short_key} over 100 images of streets."
    assert about["fields"].endswith(
        f"Run {new.short_key} has not finished the step locate: this is the newest that has."
    )


def test_tables_that_are_left_out_are_named_with_the_reason_and_what_to_do(network, old, tmp_path):
    text = written(tmp_path, "demo", run=old.short_key)
    assert "Left out: dissection-scores. The scores of conv1 of run" in text
    get_it = "To get it, delete that run first: manage.py analyze demo rooms --steps scan,dissect."
    assert get_it in text
    assert "dissection-scores Every unit with" not in text  # of what the methods say was counted
    assert "No run over rooms has counted its objects." in text
    pdf = (tmp_path / "out" / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")


def test_a_run_that_is_not_there_is_told_with_those_that_are(network, old, new, tmp_path):
    elsewhere = rows.run(rows.network("other"), rows.image_set("more"))
    for key in ("zzz", "f" * 12, elsewhere.short_key, "\0", "é"):
        told = refused(tmp_path, "demo", run=key)
        assert f"{key!r} is no run of demo that has results. There are: {new.short_key}" in told
        assert f"{old.short_key} over rooms (segment, locate, dissect, " in told
    rows.network("bare")
    assert "'abc' is no run of bare that has results. There is none." in refused(
        tmp_path, "demo", against="bare", other_run="abc"
    )
    assert "--other-run is of the network --against" in refused(tmp_path, "demo", other_run="abc")
    for run, end in ((old, "1"), (new, "2")):
        Run.objects.filter(pk=run.pk).update(key="a" * 63 + end)
    assert "2 runs of demo begin with 'aaa': " in refused(tmp_path, "demo", run="aaa")
    assert not (tmp_path / "out").exists()


def test_of_many_runs_the_first_are_listed_and_older_ones_still_found(network, old, new):
    for _ in range(figure_pages.RUNS):
        run = rows.run(network, new.image_set)
        Job.objects.create(run=run, step="locate", position=2, queue="cpu", state=State.DONE)
    runs = runs_for_report(network)
    assert listed(runs).endswith(f"; and {len(runs) - LISTED} older ones")
    found, shown = figure_pages.run_of(network, "locate", {"run": old.short_key})
    assert found == old == shown[-1]
    assert figure_pages.run_of(network, "locate", {"run": "0" * 12})[0] == shown[0]


def test_a_run_that_is_deleted_before_its_report_is_made_fails_with_a_sentence(network, old):
    wanted = reports.Wanted(asked={"run": old.short_key})
    report, _ = reports.request(network=network, wanted=wanted, now=NOW)
    Job.objects.filter(run=old).delete()
    assert reports.make(report.pk, timezone.now) is False
    assert f"'{old.short_key}' is no run of demo that has results" in Report.objects.get().error


def test_the_pages_and_the_api_take_a_dissection_as_where_labels_come_from(client, network, old):
    origin = f"dissection-{old.short_key}"
    assert origin in meanings.origins(network)["machine"]
    page = client.get(f"/findings/demo/meanings/?source=machine&campaign={origin}").content.decode()
    assert f"<option selected>{origin}</option>" in page
    address = "/api/v1/statistics/concepts/?network=demo&source=machine&campaign="
    answer = client.get(address + origin).json()
    assert {row["concept"] for row in answer["rows"]} == set(words_of(old).values())
    for wrong in ("dissection-" + "0" * 12, "dissection-", old.short_key):
        assert client.get(address + wrong).status_code == 404
    old.jobs.update(state=State.FAILED)
    assert origin not in meanings.origins(network)["machine"]
