"""The table of labelled units: its columns, order, sources, formats, and its flat memory."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from django.utils import timezone
from pyarrow import parquet

from analysis.models import Layer, Unit, UnitSemantics
from analysis.services import exports, tables
from analysis.services.exports import Wanted
from analysis.services.spreadsheets import restore
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

HEADER = (
    "network,layer,unit,concept,category,precision,precision_low,precision_high,answers,"
    "agreement,images_shown,images_kept,source,run,updated_at"
)


def written(form="csv", **wanted):
    return b"".join(tables.FORMATS[form].write(exports.rows(Wanted(**wanted))))


def read_csv(**wanted):
    return list(csv.DictReader(io.StringIO(written(**wanted).decode(), newline="")))


def test_the_columns_are_those_of_the_plan_in_their_order():
    assert written() == HEADER.encode() + b"\r\n"


def test_a_row_holds_the_label_with_the_channel_as_its_unit():
    run = rows.run(rows.network())
    when = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC)
    rows.label(rows.unit(run.network, "conv2", 2), "table lamp", run=run, updated_at=when)
    assert written().decode().splitlines()[1] == (
        "net,conv2,2,table lamp,object,0.9,0.8,0.95,3,0.6666666666666666,57,51,people,"
        f"{run.key[:12]},2026-03-04T05:06:07Z"
    )


def test_what_is_not_known_is_an_empty_cell():
    rows.label(
        rows.unit(rows.network()),
        category="",
        precision=None,
        precision_low=None,
        precision_high=None,
        agreement=None,
    )
    row = read_csv()[0]
    assert [row[name] for name in ("category", "precision", "agreement", "run")] == [""] * 4
    line = json.loads(written("jsonl"))
    assert [line[name] for name in ("category", "precision", "agreement", "run")] == [None] * 4


def test_commas_quotes_line_ends_and_any_script_survive_a_csv_reader():
    net = rows.network(channels=5)
    said = ['a, "quoted" b', "two\r\nlines", "狗 🐕", "=cmd|' /C calc'!A0", "'=1"]
    for channel, concept in enumerate(said):
        rows.label(rows.unit(net, channel=channel), concept)
    assert [restore(row["concept"]) for row in read_csv()] == said


def test_formulas_are_neutralised_in_csv_only_and_numbers_are_untouched():
    rows.label(rows.unit(rows.network("-net")), "=1+1", precision=1e-7)
    row = read_csv()[0]
    assert (row["network"], row["concept"], row["precision"]) == ("'-net", "'=1+1", "1e-07")
    assert json.loads(written("jsonl"))["concept"] == "=1+1"
    assert parquet.read_table(io.BytesIO(written("parquet")))["concept"].to_pylist() == ["=1+1"]


def test_the_order_is_that_of_the_atlas_whatever_the_order_of_writing():
    nets = [rows.network(slug, layers=("late", "early")) for slug in ("b", "a")]
    Layer.objects.filter(name="late").update(position=7)
    for net in nets:
        for layer, channel in (("late", 1), ("late", 0), ("early", 2)):
            rows.label(rows.unit(net, layer, channel), source="published")
            rows.label(rows.unit(net, layer, channel))
    found = [(r["network"], r["layer"], r["unit"], r["source"]) for r in read_csv()]
    assert found[:4] == [
        ("a", "early", "2", "people"),
        ("a", "early", "2", "published"),
        ("a", "late", "0", "people"),
        ("a", "late", "0", "published"),
    ]
    assert [row[0] for row in found] == ["a"] * 6 + ["b"] * 6
    assert read_csv() == read_csv()


def test_simulated_labels_come_only_when_asked_for():
    unit = rows.unit(rows.network())
    for source in ("people", "machine", "published", "simulated"):
        rows.label(unit, source=source)
    assert [row["source"] for row in read_csv()] == ["machine", "people", "published"]
    assert [row["source"] for row in read_csv(source="simulated")] == ["simulated"]
    assert [row["source"] for row in read_csv(campaign="first")] == [
        "machine",
        "people",
        "published",
    ]


def test_the_simulated_labels_left_out_are_counted():
    rows.label(rows.unit(rows.network()), source="simulated")
    assert exports.simulated_left_out(Wanted()) == 1
    assert exports.simulated_left_out(Wanted(network="net", campaign="first")) == 1
    assert exports.simulated_left_out(Wanted(network="other")) == 0
    assert exports.simulated_left_out(Wanted(source="people")) == 0


def test_network_and_campaign_and_publicity_each_restrict_the_rows():
    for slug, public in (("a", True), ("b", False)):
        unit = rows.unit(rows.network(slug, public=public))
        rows.label(unit, "one")
        rows.label(unit, "two", origin="second")
    assert {row["network"] for row in read_csv(network="b")} == {"b"}
    assert {row["concept"] for row in read_csv(campaign="second")} == {"two"}
    assert {row["network"] for row in read_csv(public_only=True)} == {"a"}
    assert read_csv(network="b", public_only=True) == []


def test_an_unknown_source_is_refused():
    with pytest.raises(ValueError, match="source 'rumour'"):
        Wanted(source="rumour")


def test_jsonl_keeps_the_columns_and_their_types():
    rows.label(rows.unit(rows.network()), "狗")
    line = json.loads(written("jsonl"))
    assert ",".join(line) == HEADER
    assert (line["unit"], line["precision"], line["concept"]) == (0, 0.9, "狗")
    assert "狗" in written("jsonl").decode()


def test_parquet_has_typed_columns_also_without_rows():
    empty = parquet.read_table(io.BytesIO(written("parquet")))
    rows.label(rows.unit(rows.network()))
    full = parquet.read_table(io.BytesIO(written("parquet")))
    assert empty.schema == full.schema
    assert ",".join(full.column_names) == HEADER
    assert full.schema.field("precision").type == pa.float64()
    assert full.schema.field("unit").type == pa.int64()
    assert full.schema.field("updated_at").type == pa.timestamp("us", tz="UTC")
    assert full["updated_at"].to_pylist()[0] == UnitSemantics.objects.get().updated_at


def test_the_rows_are_read_in_one_query(django_assert_num_queries):
    net = rows.network(channels=5)
    for channel in range(5):
        rows.label(rows.unit(net, channel=channel))
    with django_assert_num_queries(1):
        written()


def label_all(net):
    """Write a label for every unit of a network."""
    UnitSemantics.objects.bulk_create(
        (
            UnitSemantics(
                unit=unit,
                source="people",
                origin="first",
                concept=f"concept {unit.channel}",
                category="object",
                precision=unit.channel / 20_000,
                updated_at=timezone.now(),
            )
            for unit in Unit.objects.filter(layer__network=net).iterator()
        ),
        batch_size=1000,
    )


def peak(form, network):
    """Measure the memory that one export needs at its peak, and its length, in bytes."""
    tracemalloc.start()
    pieces = tables.FORMATS[form].write(exports.rows(Wanted(network=network)))
    total = sum(len(piece) for piece in pieces)
    high = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return high, total


def test_memory_does_not_grow_with_the_rows(monkeypatch):
    monkeypatch.setattr(tables, "ROW_GROUP", 1000)
    label_all(rows.network("few", channels=2_000, layers=("conv1",)))
    label_all(rows.network("many", channels=20_000, layers=("conv1",)))
    for form in tables.FORMATS:
        peak(form, "few")  # imports and caches belong to neither
        few_peak, few_bytes = peak(form, "few")
        many_peak, many_bytes = peak(form, "many")
        assert many_bytes > 5 * few_bytes
        assert many_peak < 1.3 * few_peak + 100_000, (form, few_peak, many_peak)
