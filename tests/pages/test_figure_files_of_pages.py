"""Every figure of every page as files: what one sees is what one downloads, whoever may see it."""

import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import altair
import pytest
from django.conf import settings as project
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from pypdf import PdfReader

from analysis.models import Network, Run, UnitSemantics
from analysis.services import figure_files
from annotate.views import live
from tests.api import rows
from tests.pages.every_figure import PAGES, a_world_of_figures

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
AGAINST = "/findings/one/against"
CONCEPT = "/atlas/concepts/bed/concept"
SCENE = "/atlas/scenes/drawn/bedroom/informative"
BOTH = f"{AGAINST}/fields-both"
FIELDS = {"tab": "fields", "other": "two"}
FORMS = ("svg", "png", "pdf", "json", "csv")


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker, tmp_path_factory):
    """Made once for all tests, each of which changes it for itself alone."""
    folder = tmp_path_factory.mktemp("world")
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(MEDIA_ROOT=folder / "media"):
            a_world_of_figures(folder)
        yield folder
        transaction.set_rollback(True)


@pytest.fixture
def world(settings, made, monkeypatch):
    settings.MEDIA_ROOT = made / "media"
    at = timezone.now()  # else a file may be of another hour than its page
    monkeypatch.setattr(live, "now", lambda: at)


def table(answer):
    """Return a table as a stranger reads it: text."""
    assert answer.status_code == 200, answer.content
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


# ---- Every figure ------------------------------------------------------------------------------
def test_every_template_with_figures_has_its_pages_here():
    """A page with figures stands in PAGES, so that the tests below see whether it has files."""
    root = Path(project.BASE_DIR) / "templates"
    part = re.compile(r'include "partials/(figure|finding)\.html"')
    with_figures = {
        str(file.relative_to(root))
        for file in root.rglob("*.html")
        if part.search(file.read_text("utf-8"))
    }
    assert with_figures - {"partials/finding.html"} == {*PAGES}


@pytest.mark.parametrize("page", [page for some in PAGES.values() for page in some])
def test_every_figure_of_a_page_lies_beside_it_as_files(client, researcher, world, page):
    if page.startswith("/campaigns/"):
        client.force_login(researcher)
    shown = unescape(client.get(page).content.decode())
    figures = shown.split('<section class="card finding"')[1:]
    drawn = [part for part in figures if 'data-figure="' in part]
    assert drawn
    for part in drawn:
        name = re.search(r'data-figure="([^"]+)"', part)[1]
        assert "data-save" not in part  # nothing that takes a script
        files = dict(re.findall(rf'href="([^"]*/{name}\.(\w+)[^"]*)"[^>]* download>', part))
        files = {form: address for address, form in files.items()}
        assert tuple(files) == FORMS, (page, name)
        seen = json.loads(re.search(rf'<script id="{name}"[^>]*>(.*?)</script>', part, re.S)[1])
        spec = client.get(files["json"]).json()
        altair.Chart.from_dict(spec, validate=True)
        assert spec["concat"][0]["data"] == seen["data"]
        assert len(table(client.get(files["csv"]))) == part.count("<tr>") - 1


@pytest.mark.parametrize(
    ("address", "question", "source"),
    [
        (
            BOTH,
            "Do the units of one or of two look at more?",
            "one, run {one} over rooms (100 images)",
        ),
        (BOTH, "Do the units of one or of two look at more?", "against two, run {two} over rooms"),
        (CONCEPT, "Where are units called “bed”?", "one, two · labels by people"),
        (SCENE, "Which objects tell a bedroom apart?", "in the masks of drawn (25 images)"),
        (
            "/atlas/scenes/rooms/kitchen/kept",
            "What does a kitchen need to be named so?",
            "scene “kitchen” · two · run {two} over rooms",
        ),
    ],
)
def test_drawings_open_and_say_what_and_whence(client, world, address, question, source):
    keys = {run.network.slug: run.short_key for run in Run.objects.select_related("network")}
    svg, png, pdf = (client.get(f"{address}.{form}", FIELDS) for form in ("svg", "png", "pdf"))
    [page] = PdfReader(io.BytesIO(pdf.content)).pages
    for text in (svg.content.decode(), page.extract_text()):
        words = " ".join(re.sub(r"<[^>]*>", " ", text).split())
        assert question in words
        assert source.format(**keys) in words
    assert png.content.startswith(b"\x89PNG")
    assert [one["Content-Type"] for one in (svg, png, pdf)] == [
        "image/svg+xml", "image/png", "application/pdf",
    ]  # fmt: skip


# ---- The choices of the page -------------------------------------------------------------------
def test_what_the_page_chose_by_itself_stands_in_the_address(client, world):
    page = unescape(client.get(f"{AGAINST}/").content.decode())
    assert f'href="{AGAINST}/categories-both.pdf?tab=meanings&other=two"' in page


def test_choices_change_the_file_as_they_change_the_page(client, world):
    asked = {"tab": "concepts", "other": "two"}
    precise, every = (
        table(client.get(f"{AGAINST}/concepts-both.csv", asked | {"threshold": threshold}))
        for threshold in ("0.7", "0")
    )
    beds = [next(row for row in some if row["place"] == "bed") for some in (precise, every)]
    assert 0 < int(beds[0]["units"]) < int(beds[1]["units"])
    same = {"tab": "objects", "other": "two"}
    named = table(client.get(f"{AGAINST}/objects-both.csv", same | {"images": "drawn"}))
    assert "objects in the masks of drawn (25 images)" in named[0]["from"]
    other = table(client.get(f"{AGAINST}/objects-both.csv", same | {"images": "rooms"}))
    assert "objects in the masks of rooms" in other[0]["from"]
    first, second = Run.objects.filter(network__slug__in=("one", "two")).order_by("pk")
    again = rows.run(first.network, first.image_set)
    turned = table(client.get(f"{BOTH}.csv", FIELDS | {"run": first.short_key}))
    assert again.short_key not in turned[0]["from"]
    assert f"run {second.short_key}" in turned[0]["from"]


def test_a_comparison_is_written_in_numbers(client, world):
    asked = {"tab": "detectors", "other": "two"}
    for row in table(client.get(f"{AGAINST}/detectors-both.csv", asked)):
        for name, text in row.items():
            if name not in {"place", "title", "from"} and text:
                float(text)
        assert {"value_low", "value_high", "difference_low", "difference_high", "p"} <= set(row)


def test_files_are_named_after_their_pages(client, world):
    UnitSemantics.objects.filter(concept="/odd").update(concept="../Bett, grün\n.svg")
    asked = {"is": "../Bett, grün\n.svg"}
    named = {
        f"{BOTH}.csv?tab=fields&other=two": 'filename="one-against-two-fields-both.csv"',
        f"{CONCEPT}.csv": 'filename="bed-concept.csv"',
        f"{SCENE}.csv": 'filename="drawn-bedroom-informative.csv"',
    }
    for address, name in named.items():
        assert client.get(address)["Content-Disposition"] == f"attachment; {name}"
    odd = client.get("/atlas/concepts/concept.csv", asked)
    assert odd["Content-Disposition"] == (
        "attachment; filename*=utf-8''bett-gr%C3%BCn-svg-concept.csv"
    )


# ---- Who may read ------------------------------------------------------------------------------
def test_a_private_network_has_no_files_for_others(client, worker_user, researcher, world):
    Network.objects.filter(slug="one").update(public=False)
    assert client.get(f"{BOTH}.csv", FIELDS)["Location"].startswith("/sign-in/?next=/findings/")
    client.force_login(worker_user)
    assert client.get(f"{BOTH}.csv", FIELDS).status_code == 404
    assert client.get(f"{BOTH}.csv".replace("one", "none"), FIELDS).status_code == 404
    assert {row["network"] for row in table(client.get(f"{CONCEPT}.csv"))} == {"two"}
    client.force_login(researcher)
    assert table(client.get(f"{BOTH}.csv", FIELDS))
    assert {row["network"] for row in table(client.get(f"{CONCEPT}.csv"))} == {"one", "two"}


def test_a_private_other_answers_as_one_that_is_not_there(client, researcher, world):
    Network.objects.filter(slug="two").update(public=False)
    hidden, missing = (client.get(f"{BOTH}.csv", FIELDS | {"other": of}) for of in ("two", "nine"))
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.content.decode().replace("“two”", "“nine”") == missing.content.decode()
    client.force_login(researcher)
    assert table(client.get(f"{BOTH}.csv", FIELDS))


def test_what_nobody_may_see_has_no_files(client, worker_user, researcher, world):
    Network.objects.update(public=False)
    for reader in (None, worker_user):
        if reader:
            client.force_login(reader)
        for address in (CONCEPT, SCENE, "/atlas/scenes/drawn/attic/informative"):
            assert client.get(f"{address}.csv").status_code == 404
    client.force_login(researcher)
    for address in (CONCEPT, SCENE):
        assert table(client.get(f"{address}.csv"))


# ---- What cannot be answered -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (f"{AGAINST}/none.svg?tab=fields", "no figure called 'none', but fields-both, fields-"),
        (f"{AGAINST}/fields-both.svg?tab=meanings", "called 'fields-both', but categories-both"),
        (f"{AGAINST}/x.svg?other=nine", "no network called “nine” that you may see: choose"),
        (f"{AGAINST}/x.svg?tab=fields&other=one", "nor any other. Both sides are run"),
        (
            f"{AGAINST}/objects-both.svg?tab=objects&layers=conv9",
            "one has no layer conv9: it has conv1, conv2. Choose layers that both have, or all.",
        ),
        ("/atlas/concepts/bed/beds.svg", "called 'beds', but concept."),
        ("/atlas/scenes/rooms/street/kept.svg", "No readable run has minimal images of this"),
        ("/atlas/scenes/rooms/street/<b>.svg", "called '<b>', nor any other."),
        ("/findings/one/fields/size.svg", "called 'size', but sizes."),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(client, world, address, sentence):
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert sentence in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/atlas/concepts/none/concept.csv",
        "/atlas/concepts/concept.csv",
        "/atlas/concepts/concept.csv?is=",
        f"/atlas/concepts/{'x' * 5000}/concept.csv",
        "/atlas/concepts/bed/concept.exe",
        "/atlas/scenes/informative.csv",
        "/atlas/scenes/informative.csv?images=%00&is=%00",
        "/atlas/scenes/none/bedroom/informative.csv",
        "/atlas/scenes/drawn/none/informative.csv",
        "/findings/none/against/fields-both.csv",
    ],
)
def test_a_page_that_is_not_there_has_no_files(client, researcher, world, address):
    client.force_login(researcher)
    assert client.get(address, follow=True).status_code == 404


def test_nonsense_asks_for_the_usual(client, world):
    usual = client.get(f"{BOTH}.csv", FIELDS)
    odd = {"run": "\0", "other_run": "x", "threshold": "x", "images": "\0", "page": "-1"}
    assert client.get(f"{BOTH}.csv", FIELDS | odd).content == usual.content
    assert client.get(f"{CONCEPT}.csv", {"page": "x"}).status_code == 200


def test_no_other_network_is_told_with_what_to_do(client, world):
    Network.objects.exclude(slug="one").update(public=False)
    answer = client.get(f"{BOTH}.csv")
    assert answer.status_code == 404
    assert "no other network with findings that you may see" in answer.content.decode()


@pytest.mark.parametrize("address", [BOTH, CONCEPT, SCENE])
def test_files_can_only_be_read(client, researcher, world, address):
    client.force_login(researcher)
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(f"{address}.csv").status_code == 405
    assert client.head(f"{address}.csv", FIELDS).status_code == 200


@pytest.mark.parametrize("address", [BOTH, CONCEPT, SCENE])
def test_twice_is_the_same_file_and_is_not_drawn_again(client, world, monkeypatch, address):
    first = client.get(f"{address}.svg", FIELDS)
    monkeypatch.setattr(figure_files.subprocess, "run", None)
    again = client.get(f"{address}.svg", FIELDS)
    assert again.content == first.content
    assert first["Cache-Control"] == "private, no-cache"
    asked = {"If-None-Match": first["ETag"]}
    unchanged = client.get(f"{address}.svg", FIELDS, headers=asked)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    rows_of_it = client.get(f"{address}.csv", FIELDS)
    assert rows_of_it["ETag"] != first["ETag"]


def test_a_new_label_is_a_new_file(client, world):
    first = client.get(f"{CONCEPT}.csv")
    UnitSemantics.objects.filter(concept="lamp").first().delete()
    asked = {"If-None-Match": first["ETag"]}
    assert client.get(f"{CONCEPT}.csv", headers=asked).status_code == 304
    UnitSemantics.objects.filter(concept="bed").first().delete()
    assert client.get(f"{CONCEPT}.csv", headers=asked).status_code == 200
