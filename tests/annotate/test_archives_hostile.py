"""Archives by somebody who knows the format: what would break pages is refused at the door."""

import io
import json
from zipfile import ZipFile

import numpy as np
import pytest
from django.db import transaction

from analysis.core.archives import ArchiveRefused
from analysis.services.archive_shapes import misfits
from annotate.services import archives
from tests.annotate.test_archives import changed, everything, hashed, nothing_is_here

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture(scope="module")
def archive(django_db_setup, django_db_blocker, tmp_path_factory):
    """The archive of a small network with something of everything, whose rows are gone."""
    path = tmp_path_factory.mktemp("archives") / "net.zip"
    patch = pytest.MonkeyPatch()
    patch.setattr("django.conf.settings.MEDIA_ROOT", path.parent / "media")
    with django_db_blocker.unblock(), transaction.atomic():
        path.write_bytes(b"".join(archives.export(everything(), weights=True)))
        transaction.set_rollback(True)
    patch.undo()
    return path


@pytest.fixture(autouse=True)
def installation(settings, tmp_path):
    """An installation of its own for what is imported."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.VAR = tmp_path


def with_cell(table, column, text):
    """Return a change of one cell of a table's first row, given as JSON."""

    def change(manifest, inside):
        name = f"tables/{table}.jsonl"
        first, *others = inside[name].splitlines()
        row = json.loads(first)
        assert column in row
        row[column] = "HERE"
        inside[name] = b"\n".join([json.dumps(row).replace('"HERE"', text).encode(), *others])
        hashed(manifest, inside)

    return change


def with_words(before, after):
    """Return a change of a word wherever a table has it."""

    def change(manifest, inside):
        for name in inside:
            if name.startswith("tables/"):
                inside[name] = inside[name].replace(before, after)
        hashed(manifest, inside)

    return change


def with_file(ending, data):
    """Return a change of a file."""

    def change(manifest, inside):
        inside[next(name for name in inside if name.endswith(ending))] = data
        hashed(manifest, inside)

    return change


def claims(rows):
    """Return a file of one array of 8 bytes whose header says that there are so many rows."""
    kept, header = io.BytesIO(), io.BytesIO()
    fields = {"shape": (rows,), "fortran_order": False, "descr": "<f8"}
    np.lib.format.write_array_header_1_0(header, fields)
    with ZipFile(kept, "w") as file:
        file.writestr("a.npy", header.getvalue() + bytes(8))
    return kept.getvalue()


LONE, FAR = r'"\ud800"', "1e999"
HOSTILE = [
    # What is no text or number that a table or an answer of the API can hold.
    ("line 1 is no JSON", with_cell("answers", "concept", LONE)),
    ("line 1 is no JSON", with_cell("network", "requested", f'{{"a": [{LONE}]}}')),
    ("line 1 is no JSON", with_cell("class_scores", "iou", FAR)),
    ("line 1 is no JSON", with_cell("semantics", "details", f'{{"iou": {FAR}}}')),
    ("holds a null character", with_cell("campaigns", "forecast", r'{"a\u0000": 1}')),
    # What no address can hold.
    ("Layer 1 of bad.zip cannot be named 'a/b'", with_words(b'"conv1"', b'"a/b"')),
    ("concept cannot be", with_cell("semantics", "concept", r'"lamp\nx"')),
    ("concept '' must have 1 to 80 letters", with_cell("semantics", "concept", '""')),
    ("scene cannot be", with_cell("images", "scene", r'"a\nb"')),
    ("key cannot be 'gone'", with_cell("runs", "key", '"gone"')),
    ("slug cannot be 'add'", with_words(b'"rooms-set"', b'"add"')),
    ("slug cannot be 'new'", with_words(b'"rooms"', b'"new"')),
    # What pages read without looking twice.
    ("precision 5.0 must lie between 0 and 1", with_cell("semantics", "precision", "5.0")),
    ("details cannot be", with_cell("semantics", "details", "[]")),
    (r"details.words\[0\] cannot be", with_cell("semantics", "details", '{"words": [7]}')),
    ("scenes cannot be", with_cell("image_sets", "scenes", "[]")),
    ("scenes.x cannot be 'many'", with_cell("image_sets", "scenes", '{"x": "many"}')),
    (r"labels.classes\[0\].name cannot", with_cell("image_sets", "labels",
                                                  '{"classes": [{"index": 1}]}')),
    (r"steps\[0\].kept cannot be", with_cell("minimal_images", "steps", '[{"region": 1, "name": "",'
                                             ' "score": 1}]')),
    ("recipe.options cannot be 7", with_words(b'"recipe": {', b'"recipe": {"options": 7, ')),
    ("left_out cannot be", with_cell("campaigns", "left_out", "{}")),
    ("forecast is not what was written", with_cell("campaigns", "forecast", '{"plan": 1}')),
    (r"changed\[0\] cannot be", with_cell("concept_decisions", "changed", "[null]")),
    (r"rejected\[0\] cannot be", with_cell("answers", "rejected", "[{}]")),
    ("there is no image at place 99", with_cell("answers", "rejected", "[99]")),
    ("there is no image at place -1", with_cell("answers", "unseen", "[-1]")),
    ("there is no image at place", with_cell("tasks", "items", "[null]")),
    ("conv1.npz of bad.zip is no file of arrays", with_file("conv1.npz", b"junk")),
    ("conv1.npz of bad.zip has in 'a.npy' no numbers", with_file("conv1.npz", claims(10**12))),
    ("preferences.json is no JSON", with_file("/preferences.json", b"junk")),
    ("preferences.json: .images cannot be None", with_file("/preferences.json", b"{}")),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "change"), HOSTILE, ids=lambda one: str(one)[:40])
def test_what_would_break_pages_is_refused_and_leaves_nothing(archive, tmp_path, sentence, change):
    path = changed(archive, tmp_path / "bad.zip", change)
    with pytest.raises(ArchiveRefused, match=sentence):
        archives.take(path)
    assert nothing_is_here(tmp_path)


def test_html_in_words_is_text_on_every_page(archive, tmp_path, client, researcher):
    nasty = rb"\"><script>alert(1)</script>"
    path = changed(archive, tmp_path / "nasty.zip", with_words(b'"lamp"', b'"' + nasty + b'"'))
    archives.take(path)
    client.force_login(researcher)
    for address in ("/atlas/net/conv1/0/", "/units/net/", "/atlas/concepts/", "/campaigns/rooms/",
                    "/campaigns/rooms/concepts/", "/findings/net/matches/"):  # fmt: skip
        page = client.get(address)
        assert page.status_code == 200, address
        assert b"<script>alert" not in page.content, address
    assert b"&lt;script&gt;alert" in client.get("/units/net/").content


def test_workers_of_an_imported_campaign_are_named_and_have_no_page(archive, client, researcher):
    archives.take(archive)
    client.force_login(researcher)
    page = client.get("/campaigns/rooms/workers/")
    assert page.status_code == 200
    assert "<bdi>rooms/quiet-4</bdi>" in page.content.decode()


def test_an_answer_that_says_nothing_of_caches_is_kept_by_none(archive, client, researcher):
    """Caches in front of a site keep what ends with .zip or .csv by their own rules."""
    archives.take(archive)
    client.force_login(researcher)
    for address in ("/networks/net/archive.zip", "/campaigns/rooms/answers.csv", "/units/net/",
                    "/findings/net/against/", "/no/such/page"):  # fmt: skip
        assert client.get(address)["Cache-Control"] == "private, no-cache", address


def test_shapes_name_the_place_inside():
    assert (
        list(misfits([{"a?": int, "b": (str, type(None))}], [{"b": None}, {"a": 1, "b": "x"}]))
        == []
    )
    assert list(misfits([{"a": int}], [{"a": True}, {}, 7])) == [
        ("[0].a", True),
        ("[1].a", None),
        ("[2]", 7),
    ]
    assert list(misfits({str: int}, {"x": 1, "y": "z"})) == [(".y", "z")]
