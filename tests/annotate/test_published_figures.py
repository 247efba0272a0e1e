"""The paper's released answers, imported: the figures of its table, by command, API and page.

Everything is counted a second time, slowly: answers from the file by scipy, units from the export.
"""

import csv
import io
import json
import re
from collections import Counter
from html import unescape
from statistics import fmean

import pytest
from django.core.management import call_command
from django.test import Client
from scipy.io import loadmat

from analysis.models import Network

pytestmark = pytest.mark.data

LAYERS = ["pool1", "pool2", "conv3", "conv4", "pool5"]
GROUPS = ["simple", "texture", "region", "part", "object", "scene"]
# Zhou et al. 2015, recomputed from the authors' released answers, to the digits given there.
UNITS = [96, 256, 384, 384, 256]
ABOVE = [63, 130, 211, 199, 151]
MEAN = [".797", ".743", ".743", ".740", ".778"]
KAPPA = [".134", ".150", ".223", ".268", ".248"]
SAME_WORDS = [".156", ".195", ".250", ".331", ".344"]
POOL5 = [".121", ".052", ".184", ".126", ".360", ".157"]
CODES = {1: "scene", 2: "object", 3: "region", 4: "part", 5: "texture", 6: "simple"}


def digits(values):
    return [f"{value:.3f}"[1:] for value in values]


@pytest.fixture(scope="module")
def release(shared_data):
    return shared_data / "zhou2015" / "unitAnnotation_places205-alexnet.mat"


@pytest.fixture(scope="module")
def places(release, django_db_setup, django_db_blocker):
    """The network of the release, imported once and made public; taken back at the end."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        said = io.StringIO()
        call_command("import_answers", release, network="places", format="zhou2015", stdout=said)
        assert "4,128 answers about 1,376 units of 5 layers" in said.getvalue()
        Network.objects.update(public=True)
        yield Client()
        transaction.set_rollback(True)


def asked(places, name, **more):
    more = {"network": "places", "source": "published"} | more
    answer = places.get(f"/api/v1/statistics/{name}/", more)
    assert answer.status_code == 200, answer.content
    return answer.json()["rows"]


def column(rows, name):
    return [row[name] for row in rows]


def test_the_api_gives_the_table_to_the_digit(places):
    precision, agreement = asked(places, "precision"), asked(places, "agreement")
    assert column(precision, "layer") == column(agreement, "layer") == LAYERS
    assert column(precision, "units") == column(agreement, "units") == UNITS
    assert column(precision, "above") == ABOVE
    assert digits(column(precision, "precision")) == MEAN
    assert digits(column(agreement, "kappa")) == KAPPA
    assert digits(column(agreement, "same_words")) == SAME_WORDS
    groups = [
        row
        for row in asked(places, "categories")
        if (row["layer"], row["counted_by"]) == ("pool5", "answer")
    ]
    assert column(groups, "category") == GROUPS
    assert digits(column(groups, "share")) == POOL5
    for row in (*precision, *agreement):
        for name in [name.removesuffix("_low") for name in row if name.endswith("_low")]:
            assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]


def test_the_page_shows_the_table_to_the_digit(places):
    page = unescape(places.get("/findings/places/meanings/").content.decode())
    tables = [
        re.search(rf'data-figure="{name}".*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
        for name in ("categories", "precision", "agreement")
    ]
    rows = [
        [re.findall(r"<t[hd][^>]*>(?:<a[^>]*>)?([^<]*)<", row) for row in table.split("</tr>")[:-1]]
        for table in tables
    ]
    groups, precision, agreement = rows
    assert [row[0] for row in groups] == LAYERS
    assert groups[-1] == ["pool5", "478", *(f"0{share}" for share in POOL5)]
    assert [row[1] for row in precision] == [str(count) for count in UNITS]
    assert [row[2][1:] for row in precision] == MEAN
    assert [row[4] for row in precision] == [str(count) for count in ABOVE]
    assert [row[3][1:] for row in agreement] == KAPPA
    assert [row[5][1:] for row in agreement] == SAME_WORDS
    drawn = json.loads(re.search(r'<script id="categories"[^>]*>(.*?)</script>', page)[1])
    assert len(drawn["data"]["values"]) == 5 * 6


def test_the_slow_count_of_the_file_gives_the_same(places, release):
    """Every pair of answers is compared; nothing of the project is used."""
    told = {row["layer"]: row for row in asked(places, "agreement")}
    shares = asked(places, "categories", threshold=0.6)
    for rows, name in loadmat(release, squeeze_me=True)["layerAnnotation"]:
        pairs, same, chosen, above = [], [], Counter(), Counter()
        for row in rows:
            groups = [CODES[int(row[at])] for at in (1, 4, 7)]
            words = [str(row[at]).strip().lower() for at in (0, 3, 6)]
            pairs.append(fmean(groups[a] == groups[b] for a, b in ((0, 1), (0, 2), (1, 2))))
            same.append(any(words.count(word) >= 2 for word in words))
            chosen.update(groups)
            above.update(g for g, at in zip(groups, (2, 5, 8), strict=True) if row[at] > 0.6)
        chance = sum((count / chosen.total()) ** 2 for count in chosen.values())
        assert told[name]["kappa"] == pytest.approx((fmean(pairs) - chance) / (1 - chance))
        assert told[name]["same_words"] == pytest.approx(fmean(same))
        for row in shares:
            if (row["layer"], row["counted_by"]) == (name, "answer"):
                assert (row["number"], row["of"]) == (above[row["category"]], above.total())


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_slow_count_of_the_export_gives_the_same(places, form):
    answer = places.get(f"/api/v1/exports/units.{form}", {"network": "places"})
    text = b"".join(answer.streaming_content).decode()
    units = (
        list(csv.DictReader(io.StringIO(text)))
        if form == "csv"
        else [json.loads(line) for line in text.splitlines()]
    )
    assert len(units) == sum(UNITS)
    assert {(row["source"], str(row["answers"])) for row in units} == {("published", "3")}
    told = {row["layer"]: row for row in asked(places, "precision")}
    for layer in LAYERS:
        some = [row for row in units if row["layer"] == layer]
        above = [row for row in some if float(row["precision"]) > 0.75]
        assert told[layer]["above"] == len(above)
        assert told[layer]["precision"] == pytest.approx(fmean(float(r["precision"]) for r in some))
        for row in asked(places, "categories"):
            if (row["layer"], row["counted_by"]) == (layer, "unit"):
                assert row["number"] == sum(unit["category"] == row["category"] for unit in above)


def test_the_labels_are_the_words_that_most_wrote(places):
    unit = places.get("/api/v1/units/places/pool5/12/").json()
    [label] = unit["labels"]
    assert (label["concept"], label["category"], label["source"]) == ("lamp", "object", "published")
    assert label["agreement"] == 1.0
