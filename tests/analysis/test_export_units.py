"""`export_units` as it is typed: to a file, to standard output, and refused in a sentence."""

import io
import json
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pyarrow import parquet

from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def labelled():
    net = rows.network()
    rows.label(rows.unit(net), "lamp")
    rows.label(rows.unit(net, channel=1), "bed", source="simulated")
    return net


def test_it_writes_a_csv_file(labelled, tmp_path, capsys):
    call_command("export_units", output=str(tmp_path / "units.csv"))
    lines = (tmp_path / "units.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("network,layer,unit,concept,category,precision,")
    assert lines[1].startswith("net,conv1,0,lamp,object,")
    assert len(lines) == 2


def test_it_says_how_many_rows_and_how_many_simulated_ones_were_left_out(labelled, tmp_path):
    said = io.StringIO()
    call_command("export_units", output=str(tmp_path / "units.csv"), stderr=said)
    assert "1 labelled units written" in said.getvalue()
    assert "1 labels by simulated workers were left out" in said.getvalue()


def test_a_campaign_without_labels_is_told_apart_from_a_name_that_is_none(labelled, tmp_path):
    said = {}
    for name in ("first", "rooms-1"):
        told = io.StringIO()
        path = str(tmp_path / "units.csv")
        call_command("export_units", output=path, campaign=name, source="machine", stderr=told)
        said[name] = told.getvalue()
    assert "0 labelled units written" in said["first"]
    assert "No label comes" not in said["first"]
    assert "called 'rooms-1'; there are labels from first." in said["rooms-1"]


def test_it_writes_jsonl_and_parquet_and_simulated_rows_when_asked(labelled, tmp_path):
    options = {"source": "simulated", "network": "net", "campaign": "first"}
    call_command("export_units", output=str(tmp_path / "a"), format="jsonl", **options)
    call_command("export_units", output=str(tmp_path / "b"), format="parquet", **options)
    assert json.loads((tmp_path / "a").read_text(encoding="utf-8"))["concept"] == "bed"
    assert parquet.read_table(tmp_path / "b")["concept"].to_pylist() == ["bed"]


def test_it_writes_to_standard_output(labelled):
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    call_command("export_units", output="-", stdout=out)
    assert b"\r\nnet,conv1,0,lamp," in out.buffer.getvalue()


def test_a_second_export_replaces_the_file_and_leaves_nothing_beside_it(labelled, tmp_path):
    for _ in range(2):
        call_command("export_units", output=str(tmp_path / "units.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["units.csv"]


def test_a_failed_export_leaves_the_old_file(labelled, tmp_path, monkeypatch):
    def broken(wanted):
        raise RuntimeError("no database")
        yield

    (tmp_path / "units.csv").write_text("old", encoding="utf-8")
    monkeypatch.setattr("analysis.services.exports.rows", broken)
    with pytest.raises(RuntimeError):
        call_command("export_units", output=str(tmp_path / "units.csv"))
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]


def test_an_unknown_network_is_refused(tmp_path):
    with pytest.raises(CommandError, match="no network called 'nett'"):
        call_command("export_units", network="nett", output=str(tmp_path / "units.csv"))


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(CommandError, match=r"cannot be written: No such file or directory\."):
        call_command("export_units", output=str(tmp_path / "no" / "units.csv"))


def test_an_unknown_format_or_source_is_refused():
    for option in ("--format=xlsx", "--source=rumour"):
        with pytest.raises(CommandError, match="invalid choice"):
            call_command("export_units", option, "--output=-")


def test_its_help_says_that_simulated_labels_are_left_out():
    told = subprocess.run(
        [sys.executable, "manage.py", "export_units", "--help"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "never simulated" in told.stdout
