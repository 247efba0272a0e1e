"""A report: HTML that needs nothing else, PDF with text, typed data, Croissant; the command."""

import csv
import hashlib
import io
import json
import re

import pytest
from django.core.management import CommandError, call_command
from pyarrow import parquet
from pypdf import PdfReader

from analysis.core.loading import batched
from analysis.models import UnitSemantics
from analysis.services import croissant, drawings, report_folder
from analysis.services.figures import Missing, channel, drawing, mark
from analysis.services.recipes import Recipe
from analysis.services.report_content import Report, Subject
from analysis.services.report_data import typed
from analysis.services.report_words import ENDS, WORDS
from analysis.services.statistics import OF_LABELS, OF_OBJECTS, STATISTICS
from tests.analysis.reported import NOW, SPITEFUL, Page, a_known_network, give_pictures
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run(settings, tmp_path):
    """A run of a synthetic network whose units people have named, with pictures."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = a_known_network(synthetic=True)
    give_pictures(made)
    return made


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_of(folder, name):
    return list(csv.DictReader(io.StringIO((folder / "data" / name).read_text())))


def test_the_same_rows_and_date_give_the_same_bytes_and_all_of_it(run, tmp_path):
    about = Subject(run.network, NOW, licence="CC BY 4.0")
    told = []
    report_folder.make(about, tmp_path / "one", told.append)
    report_folder.make(about, tmp_path / "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert [name for name in one if one[name] != two[name]] == []
    assert one.keys() == two.keys()
    assert told[0] == "demo: Meanings"
    assert told[-1] == "PDF"
    assert report_folder.zipped(tmp_path / "one", "x") == report_folder.zipped(
        tmp_path / "two", "x"
    )
    page_needs_nothing_else(one["report.html"].decode(), run)
    pdf_says_the_same(one["report.pdf"], run)
    tables_agree(tmp_path / "one", run)
    machines_are_told(tmp_path / "one", one)


def page_needs_nothing_else(html, run):
    page = Page(html)
    assert (page.open, page.wrong) == ([], [])
    assert not [value for value in page.all("src") if not value.startswith("data:image/webp")]
    assert not [value for value in page.all("href") if not value.startswith("#")]
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "iframe", "object"}]
    assert "url(" not in "".join(re.findall(r"<style>.*?</style>", html, re.DOTALL))
    [policy] = [attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv")]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    assert {value[1:] for value in page.all("href")} <= set(ids)
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    assert len([tag for tag, _ in page.tags if tag == "img"]) == 6 * 4  # units × pictures
    assert SPITEFUL in page.text
    # Colours follow the look of the reader; none of the light ones is left in a drawing.
    svgs = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(svgs) == 6
    assert all("var(--" in svg and "#1d4f7c" not in svg for svg in svgs)
    # Every parameter of the recipe stands in the methods, and what is not real says so.
    for name, value in Recipe.from_json(run.recipe).to_json().items():
        told = ", ".join(value) if isinstance(value, list) else str(value)
        assert f"{name} {told}" in page.text, name
    assert "options.segment.threshold half" in page.text
    assert "Behind them stand 18 answers of 3 workers" in page.text
    assert "consensus method majority" in page.text
    assert page.text.count("synthetic network") >= 6  # the cover, and beside every figure
    assert "No run of demo has results of the step locate yet" in page.text
    assert "Licence of the data: CC BY 4.0" in page.text
    assert run.key in page.text
    assert "Seed 17" in page.text


def pdf_says_the_same(data, run):
    book = PdfReader(io.BytesIO(data))
    assert book.metadata.title == "What the units of demo see"
    assert book.metadata.creation_date.isoformat() == "2026-03-04T12:30:00+00:00"
    text = "\n".join(page.extract_text() for page in book.pages)
    plain = " ".join(text.split())
    assert "Which levels of meaning emerge where?" in plain
    assert "share of answers" in plain  # of the axis of a figure: laid in as text
    assert f"Page {len(book.pages)}" in plain
    assert run.key in plain
    assert "synthetic network" in plain
    titles = [entry.title for entry in book.outline if not isinstance(entry, list)]
    assert titles[:3] == ["In short", "Meanings", "Segmented images"]
    assert titles.index("What is missing, and how to get it") == titles.index("Examples") - 1
    assert plain.index(" Contents ") < plain.index(" In short ")
    figures = [
        name
        for page in book.pages
        for name in page["/Resources"].get("/XObject", {})
        if name.startswith("/Figure")
    ]
    assert len(figures) == 6


def tables_agree(folder, run):
    """CSV and Parquet hold the same, with the types that the rows declare; all are described."""
    described = {(row["table"], row["column"]): row for row in rows_of(folder, "dictionary.csv")}
    for path in sorted((folder / "data").glob("*.parquet")):
        table, text = parquet.read_table(path), rows_of(folder, f"{path.stem}.csv")
        assert len(text) == table.num_rows
        for field in table.schema:
            assert (path.stem, field.name) in described
            kind = described[path.stem, field.name]["type"]
            words = {"string": "text", "int64": "whole number", "double": "number"}
            assert words.get(str(field.type), kind) == kind
            told = [row[field.name] for row in text]
            if kind in {"number", "whole number"}:
                known = [float(one) if one else None for one in told]
                assert known == pytest.approx(table[field.name].to_pylist()), path.stem
    units = parquet.read_table(folder / "data" / "units-demo.parquet").to_pylist()
    assert [(row["layer"], row["unit"]) for row in units] == [
        (layer, unit) for layer in ("conv1", "conv2") for unit in range(3)
    ]
    assert units[0]["concept"] == SPITEFUL
    assert rows_of(folder, "units-demo.csv")[0]["concept"] == f"'{SPITEFUL}"
    # The shares of the figure are those of the answers behind the exported units.
    by_group = {
        row["category"]: float(row["share"])
        for row in rows_of(folder, "categories-demo-people.csv")
        if row["layer"] == "conv1" and row["counted_by"] == "answer"
    }
    said = [
        word["category"]
        for label in UnitSemantics.objects.filter(unit__layer__name="conv1")
        for word in label.details["words"]
        if word["precision"] > 0.75
    ]
    assert by_group == pytest.approx({group: said.count(group) / len(said) for group in by_group})
    drawn = list(csv.DictReader((folder / "figures" / "meanings-categories.csv").open()))
    assert float(drawn[0]["texture"]) == pytest.approx(by_group["texture"])


def machines_are_told(folder, files):
    """The keys that Croissant 1.0 requires, hashes that are right, fields that can be found."""
    told = json.loads(files["croissant.json"])
    assert told["@type"] == "sc:Dataset"
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert told["@context"]["cr"] == "http://mlcommons.org/croissant/"
    for key in ("name", "description", "license", "citeAs", "version", "datePublished"):
        assert isinstance(told[key], str), key
        assert told[key]
    assert "synthetic network" in told["description"]
    objects = {one["@id"]: one for one in told["distribution"]}
    assert len(objects) == len(told["distribution"])
    for name, one in objects.items():
        assert one["@type"] == "cr:FileObject"
        assert one["contentUrl"] == name
        assert one["encodingFormat"] in {"text/csv", "application/vnd.apache.parquet"}
        assert one["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert one["contentSize"] == f"{len(files[name])} B"
        assert one["sha256"] in files["report.html"].decode()
    assert {name for name in files if name.startswith("data/")} == set(objects)
    ids = [record["@id"] for record in told["recordSet"]]
    assert len(ids) == len(set(ids))
    for record in told["recordSet"]:
        assert record["@type"] == "cr:RecordSet"
        for field in record["field"]:
            assert field["@type"] == "cr:Field"
            assert field["@id"] == f"{record['@id']}/{field['name']}"
            assert field["dataType"] in croissant.TYPES.values()
            source = objects[field["source"]["fileObject"]["@id"]]
            head = files[source["@id"]].decode().splitlines()[0].split(",")
            assert field["source"]["extract"]["column"] in head


def test_two_networks_stand_beside_one_another_and_simulated_ones_say_so(run, tmp_path):
    other = a_known_network("robots", source="simulated")
    asked = {"other_source": "simulated"}
    subject = Subject(run.network, NOW, against=other.network, asked=asked)
    report = report_folder.make(subject, tmp_path)
    page = Page((tmp_path / "report.html").read_text())
    assert "What the units of demo and robots see" in page.text
    assert "labels: simulated workers" in report.marks
    compared = next(part for part in report.sections if part.name == "comparison-meanings")
    sides = {row["side"] for row in compared.drawn[0].figure.spec["data"]["values"]}
    assert sides == {"demo", "robots"}
    assert report.sections[0] == compared
    heads = [f'id="{name}"' for name in ("contents", "abstract", *_names(report))]
    html = (tmp_path / "report.html").read_text()
    assert sorted(heads, key=html.index) == heads
    assert all("demo" in question and "robots" in question for question, *_ in report.abstract)
    assert {"synthetic network", "simulated workers"} <= set(compared.drawn[0].note.split(" · "))
    assert {one.network for one in report.examples} == {"demo", "robots"}
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    # Simulated labels are a table of their own, never among the others.
    assert rows_of(tmp_path, "units-robots.csv") == []
    assert len(rows_of(tmp_path, "units-simulated-robots.csv")) == 6


def _names(report):
    """Return the chapters with answers, then the one list of what is missing."""
    names = [one.name for one in report.sections if any(part.is_answered for part in one.drawn)]
    assert "comparison-fields" not in names  # no run has located anything
    return [*names, "missing", "examples"]


def test_chapters_without_an_answer_are_one_list_that_says_each_thing_once(run, tmp_path):
    report = report_folder.make(Subject(run.network, NOW), tmp_path)
    html = (tmp_path / "report.html").read_text()
    listed = html.split('id="missing"')[1].split("</section>")[0]
    assert listed.count("No run of demo has results of the step locate yet") == 1
    assert listed.count("<dt><strong>Objects<") == 1  # five questions lack the same
    asked = next(one.questions for one in report.lacking if one.title == "Objects")
    assert len(asked) == len(set(asked)) >= 1
    assert html.count("No run of demo has results of the step locate yet") == 1
    assert 'id="fields"' not in html


@pytest.mark.parametrize(("missing", "words"), [(1, "1 question could"), (2, "2 questions could")])
def test_one_question_is_told_in_the_singular(settings, tmp_path, monkeypatch, missing, words):
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(Report, "missing", missing)
    factories.NetworkFactory(slug="empty")
    out = io.StringIO()
    call_command("report", "empty", output=tmp_path / "out", stdout=out)
    assert f"{words} not be answered" in out.getvalue()


def test_where_nothing_is_known_every_part_says_what_is_missing(settings, tmp_path, capsys):
    settings.MEDIA_ROOT = tmp_path / "media"
    network = factories.NetworkFactory(slug="empty")
    out = io.StringIO()
    call_command("report", "empty", output=tmp_path / "out", stdout=out)
    page = Page((tmp_path / "out" / "report.html").read_text())
    assert "Nothing is known of the units yet" in page.text
    assert "No unit of empty has a label yet: open a campaign" in page.text
    assert "manage.py analyze empty IMAGES --steps scan,segment" in page.text
    assert "No run stands behind this report." in page.text
    assert "questions could not be answered" in out.getvalue()
    assert PdfReader(tmp_path / "out" / "report.pdf").pages
    assert json.loads((tmp_path / "out" / "croissant.json").read_text())["recordSet"] == []
    published = factories.NetworkFactory(slug="published", arch="", preprocessing={})
    report = report_folder.make(Subject(published, NOW), tmp_path / "published")
    missing = [one.figure for part in report.sections for one in part.drawn]
    assert any("cannot be run" in one.why for one in missing if isinstance(one, Missing))
    assert network.reports.count() == 0  # of the command no row remains


def test_every_column_of_the_data_is_described():
    for statistic in (*STATISTICS.values(), *OF_LABELS.values(), *OF_OBJECTS.values()):
        for column in typed(statistic.row):
            ends = any(column.name.endswith(end) for end in ENDS)
            assert ends or column.name in WORDS, (statistic.name, column.name)


def test_the_command_refuses_what_it_cannot_do_in_one_sentence(db, tmp_path):
    factories.NetworkFactory(slug="places-alexnet")
    factories.NetworkFactory(slug="imagenet-alexnet")
    full, file = tmp_path / "full", tmp_path / "file"
    full.mkdir()
    (full / "thesis.tex").write_text("mine")
    file.write_text("mine")

    def refused(*words, **options):
        with pytest.raises(CommandError) as error:
            call_command("report", *words, **options)
        return str(error.value)

    nearest = refused("place-alexnet", output=tmp_path / "out")
    assert "There is no network called 'place-alexnet'. The nearest: places-alexnet" in nearest
    assert "'x' must be a number" in refused("places-alexnet", output=full, threshold="x")
    assert "is no date" in refused("places-alexnet", output=full, date="1 March")
    assert "holds thesis.tex already" in refused("places-alexnet", output=full)
    assert "is a file" in refused("places-alexnet", output=file)
    assert "cannot be" in refused("places-alexnet", output=file / "below")
    images = refused("places-alexnet", output=tmp_path / "out", images="attic")
    assert "'attic' is no image set with masks that places-alexnet or a public network" in images
    assert "There is none." in images
    itself = refused("places-alexnet", against="places-alexnet", output=tmp_path / "out")
    assert "cannot be compared with itself" in itself
    assert "There is no network called 'none'" in refused(
        "places-alexnet", against="none", output=tmp_path / "out"
    )
    assert not (tmp_path / "out").exists()
    for _ in range(2):  # the second replaces the first
        call_command(
            "report",
            "places-alexnet",
            output=full,
            overwrite=True,
            date="2026-03-01",
            verbosity=0,
            stdout=io.StringIO(),
        )
    assert (full / "thesis.tex").read_text() == "mine"
    assert sorted(path.name for path in full.iterdir()) == [
        "croissant.json",
        "data",
        "figures",
        "report.html",
        "report.pdf",
        "thesis.tex",
    ]


def test_every_statistic_can_be_written_as_typed_columns():
    for statistic in (*STATISTICS.values(), *OF_LABELS.values()):
        assert [one.name for one in typed(statistic.row)] == list(statistic.row._fields)
    with pytest.raises(TypeError, match="cannot be written"):
        typed(type("Odd", (), {"__annotations__": {"some": list}}))
    assert list(batched(range(3), 2)) == [[0, 1], [2]]


def test_words_in_a_drawing_stay_words_and_a_broken_one_is_told():
    spite = "</text><script>alert(1)</script>"
    place = {"x": channel("name", "", "nominal"), "y": channel("share")}
    svg = drawings.draw_svg(drawing([{"name": spite, "share": 1.0}], mark("bar", place)))
    assert "<script" not in svg
    assert svg == drawings.draw_svg(drawing([{"name": spite, "share": 1.0}], mark("bar", place)))
    with pytest.raises(ValueError, match=r"\w"):
        drawings.draw_svg({"mark": 7})
