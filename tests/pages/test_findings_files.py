"""Figures of every page as files: whole, honest, bounded, and readable by others."""

import csv
import io
import json
import re
from html import unescape
from xml.etree import ElementTree

import altair
import pytest

from analysis.models import Network
from analysis.services import figure_files, figure_origins, figure_pages
from analysis.services.figures import Figure
from analysis.services.findings import TABS
from tests.api import rows
from tests.pages.every_figure import ODD, a_run_with_everything, make_synthetic

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
SEGMENTS = "/findings/net/segments/visible"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def run(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return a_run_with_everything()


def every_figure(run):
    """Give each figure of each page with the page's name."""
    for tab in TABS:
        for figure in figure_pages.figures(tab, run.network, {}):
            if isinstance(figure, Figure):
                yield tab, figure


def test_altair_reads_every_figure_of_every_page_and_its_file(run):
    shown = list(every_figure(run))
    assert {"meanings", "fields", "segments", "minimal", "detectors", "localisation"} <= {
        tab for tab, _ in shown
    }
    for tab, figure in shown:
        altair.Chart.from_dict(figure.spec, validate=True)
        written = figure_files.file_of(figure, "json", figure_origins.of_page(tab, run.network, {}))
        altair.Chart.from_dict(json.loads(written), validate=True)


def test_every_figure_is_told_in_words_and_leads_to_pages_of_this_site_only(run):
    for tab, figure in every_figure(run):
        assert re.search(r"A drawing of \w+.*From left to right: .*From bottom to top: ", (
            figure.alternative
        )), (tab, figure.name)  # fmt: skip
        leads = [row.get("href") for row in figure.spec["data"]["values"]]
        leads += [line.href for line in figure.lines]
        assert any(leads), (tab, figure.name)
        assert all(re.match(r"/[^/\\]", lead) for lead in leads if lead), (tab, figure.name)
        assert not any(ODD in lead for lead in leads if lead)


def test_links_of_units_layers_and_concepts(client, run):
    fields = {row["unit"]: row["href"] for row in _drawn(run, "fields", "sizes") if "unit" in row}
    assert fields[13.0].endswith(f"/conv2/1/?run={run.short_key}")
    assert client.get(fields[13.0]).status_code == 200
    [odd, _] = _drawn(run, "detectors", "classes")
    assert odd["href"] == "/atlas/concepts/javascript%3Aalert%281%29/"
    bars = _drawn(run, "meanings", "categories")
    assert {row["units"] for row in bars if row["category"] == "object"} == {"0, 1"}
    page = client.get("/findings/net/detectors/").content.decode()
    assert '<th scope="row"><a href="/atlas/net/conv1/">conv1</a></th>' in page
    assert 'href="javascript' not in page


def _drawn(run, tab, name):
    found = {figure.name: figure for _, figure in every_figure(run)}
    return found[name].spec["data"]["values"]


# ---- The address -------------------------------------------------------------------------------
def test_the_page_leads_to_five_files_of_what_it_shows(client, run):
    page = client.get("/findings/net/meanings/?threshold=0.5&by=unit").content.decode()
    for form in ("svg", "png", "pdf", "json", "csv"):
        assert f"/findings/net/meanings/categories.{form}?threshold=0.5&amp;by=unit" in page
    chosen = client.get("/findings/net/meanings/categories.csv?threshold=0.5&by=unit")
    [first, *_] = csv.DictReader(io.StringIO(chosen.content.decode()))
    assert (first["of"], first["object"]) == ("3", "1.0")


def test_the_drawings_are_what_their_names_say_with_words_and_source(client, run):
    make_synthetic(run)
    svg, png, pdf = (client.get(f"{SEGMENTS}.{form}") for form in ("svg", "png", "pdf"))
    assert [one["Content-Type"] for one in (svg, png, pdf)] == [
        "image/svg+xml", "image/png", "application/pdf",
    ]  # fmt: skip
    assert svg["Content-Disposition"] == 'attachment; filename="net-segments-visible.svg"'
    drawing = ElementTree.fromstring(svg.content)
    told = drawing.find(f"{SVG}desc").text
    assert drawing.find(f"{SVG}title").text == "How much of a picture do the units of a layer see?"
    assert "A drawing of intervals and points." in told
    words = " ".join("".join(drawing.itertext()).split())
    for sentence in ("Note: synthetic network and images.", f"run {run.short_key} over rooms"):
        assert sentence in words
    assert png.content.startswith(b"\x89PNG")
    width, height = (int.from_bytes(png.content[at : at + 4]) for at in (16, 20))
    assert 1600 < width < 2400
    assert 800 < height < 2400
    assert pdf.content.startswith(b"%PDF-")


def test_json_and_table_are_whole_and_say_what_the_numbers_are(client, run):
    make_synthetic(run)
    spec = client.get(f"{SEGMENTS}.json").json()
    assert spec["usermeta"]["unitscope"]["note"] == "synthetic network and images"
    assert spec["config"]["style"]["observed"]["color"].startswith("#")
    assert "Unitscope" in spec["description"]
    assert "href" not in json.dumps(spec["concat"][0]["layer"])
    answer = client.get("/findings/net/localisation/localised.csv")
    table = list(csv.DictReader(io.StringIO(answer.content.decode())))
    page = figure_pages.figures("localisation", run.network, {})[0]
    assert [float(row["jaccard"]) for row in table] == [row["jaccard"] for row in page.rows]
    assert {row["concept"] for row in table} == {ODD, "'=bed"}
    assert {row["note"] for row in table} == {"synthetic network and images"}
    assert f"run {run.short_key}" in table[0]["from"]


def test_an_interval_in_words_becomes_its_two_ends(client, run):
    answer = client.get("/findings/net/meanings/precision.csv")
    [first, _] = csv.DictReader(io.StringIO(answer.content.decode()))
    figure = figure_pages.figures("meanings", run.network, {})[2]
    for name in ("precision_low", "precision_high", "share_low"):
        assert float(first[name]) == figure.rows[0][name]
    assert "labels by people (first)" in first["from"]


def test_nobody_and_strangers_do_not_get_a_private_one(client, worker_user, run):
    Network.objects.update(public=False)
    assert client.get(f"{SEGMENTS}.csv")["Location"].startswith("/sign-in/?next=/findings/")
    client.force_login(worker_user)
    assert client.get(f"{SEGMENTS}.csv").status_code == 404
    assert client.get("/findings/none/segments/visible.csv").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "segments/none.svg",
        "none/visible.svg",
        "segments/visible.exe",
        "segments/visible%00.svg",
        "segments/..%2Fvisible.svg",
        "meanings/categories.svg?threshold=1&by=unit",
    ],
)
def test_what_is_not_there_is_not_found(client, run, address):
    assert client.get(f"/findings/net/{address}").status_code == 404


def test_it_can_only_be_read_and_nonsense_asks_for_the_usual(client, run):
    assert client.post(f"{SEGMENTS}.csv").status_code == 405
    usual = client.get(f"{SEGMENTS}.csv")
    odd = client.get(f"{SEGMENTS}.csv", {"run": "\0", "threshold": "x", "by": "<b>"})
    assert odd.content == usual.content


def test_twice_is_the_same_file_and_is_not_drawn_again(client, run, monkeypatch):
    first = client.get(f"{SEGMENTS}.svg")
    monkeypatch.setattr(figure_files.subprocess, "run", None)
    again = client.get(f"{SEGMENTS}.svg")
    assert again.content == first.content
    unchanged = client.get(f"{SEGMENTS}.svg", headers={"If-None-Match": first["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert client.get(f"{SEGMENTS}.json")["ETag"] != first["ETag"]


def test_when_others_draw_it_says_so_and_when_to_come_again(client, run, monkeypatch):
    monkeypatch.setattr(figure_files.drawing, "patience", 0.01)
    figure_files.caches["figures"].clear()
    with figure_files.drawing.at_work:
        answer = client.get(f"{SEGMENTS}.png")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "ask again in a few seconds" in answer.content.decode()
    assert client.get(f"{SEGMENTS}.json").status_code == 200


# ---- The paper's figures -----------------------------------------------------------------------
def test_each_figure_of_the_paper_leads_to_its_counterpart(client, run):
    page = unescape(client.get("/findings/net/paper/").content.decode())
    for place in ("meanings/#sorted-question", "fields/#gallery", "localisation/#localised-quest"):
        assert f'href="/findings/net/{place}' in page
    leads = re.findall(r'href="/findings/net/([a-z]+)/#([a-z-]+)"', page)
    for tab, anchor in leads:
        shown = client.get(f"/findings/net/{tab}/").content.decode()
        assert f'id="{anchor}"' in shown, (tab, anchor)


def test_what_is_missing_says_how_to_get_it(client, researcher, run):
    rows.network("bare", public=True)
    page = unescape(client.get("/findings/bare/paper/").content.decode())
    assert "No run of this network has finished the step locate yet." in page
    assert "No unit of this network has a label yet." in page
    assert "manage.py" not in page
    client.force_login(researcher)
    assert "manage.py analyze bare IMAGES" in client.get("/findings/bare/paper/").content.decode()
    Network.objects.update(public=False)
    client.logout()
    assert client.get("/findings/net/paper/")["Location"].startswith("/sign-in/")
    assert client.post("/findings/net/paper/").status_code == 405
