"""The paper's released answers imported as a campaign: its table, by page, API and CSV."""

import csv
import io
import re
from html import unescape

import krippendorff
import numpy as np
import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from annotate.core.rules import CATEGORIES
from annotate.models import Answer, Campaign
from annotate.services import truth
from tests.annotate.test_published_figures import (
    ABOVE,
    KAPPA,
    LAYERS,
    MEAN,
    POOL5,
    SAME_WORDS,
    UNITS,
    digits,
)

pytestmark = [pytest.mark.data, pytest.mark.rows, pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def counted(shared_data, django_db_setup, django_db_blocker):
    """All answers of the release in one campaign, counted once; taken back at the end."""
    path = shared_data / "zhou2015" / "unitAnnotation_places205-alexnet.mat"
    with django_db_blocker.unblock(), transaction.atomic():
        given = {"network": "alexnet", "format": "zhou2015", "as_campaign": "places"}
        call_command("import_answers", path, stdout=io.StringIO(), **given)
        yield truth.count(Campaign.objects.get(slug="places"), timezone.now())
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def bob(counted):
    from django.contrib.auth.models import User

    from tests.conftest import researchers

    user = User.objects.create_user("bob-of-figures")
    user.groups.add(researchers())
    client = Client()
    client.force_login(user)
    return client


def column(rows, name, layers=LAYERS):
    found = {row["layer"]: row[name] for row in rows if not row.get("group")}
    return [found[layer] for layer in layers]


def test_the_tables_are_the_papers_to_the_digit(counted):
    tables = counted.figures
    assert column(tables["precision"], "units") == UNITS
    assert column(tables["precision"], "above") == ABOVE
    assert digits(column(tables["precision"], "precision")) == MEAN
    assert digits(column(tables["agreement"], "kappa")) == KAPPA
    assert digits(column(tables["words"], "same_words")) == SAME_WORDS
    shares = [row for row in tables["groups"] if row["layer"] == "pool5"]
    assert [row["category"] for row in shares] == list(CATEGORIES)
    assert digits([row["share"] for row in shares]) == POOL5
    for before, after in zip(
        *(column(tables["words"], name) for name in ("same_words", "same_concept")), strict=True
    ):
        assert before < after
    for row in tables["agreement"]:
        if (row["layer"], row["group"]) == ("pool1", "scene"):  # one answer of 288 says so
            assert (row["kappa_low"], row["alpha_high"]) == (None, None)
            continue
        assert row["kappa_low"] < row["kappa"] < row["kappa_high"], row
        assert row["alpha_low"] < row["alpha"] < row["alpha_high"], row
    # docs/crowd.md shows these
    [pool1] = [r for r in tables["agreement"] if (r["layer"], r["group"]) == ("pool1", "")]
    assert digits([pool1["kappa_low"], pool1["kappa_high"], pool1["alpha"]]) == [
        ".021",
        ".263",
        ".137",
    ]


@pytest.mark.parametrize(("layer", "group"), [("pool5", ""), ("conv3", "part"), ("", "object")])
def test_alpha_is_that_of_the_reference_package(counted, layer, group):
    answers = Answer.objects.all()
    if layer:
        answers = answers.filter(task__unit__layer__name=layer)
    said = {}
    for task, category in answers.values_list("task", "category"):
        said.setdefault(task, []).append(category == group if group else CATEGORIES.index(category))
    slow = krippendorff.alpha(
        np.array(list(said.values()), float).T, level_of_measurement="nominal"
    )
    where = (layer or "all layers", group)
    [row] = [r for r in counted.figures["agreement"] if (r["layer"], r["group"]) == where]
    assert row["alpha"] == pytest.approx(slow)


def test_the_page_shows_the_table_in_its_words(bob):
    page = unescape(bob.get("/campaigns/places/agreement/").content.decode())
    glance = re.search(r'<table class="table glance">(.*?)</table>', page, re.DOTALL)[1]
    rows = [re.findall(r"<t[hd][^>]*>([^<]*)</t", row) for row in glance.split("</tr>") if row]
    assert rows[0] == ["As the paper counts it", "all layers", *LAYERS]
    told = {row[0]: row[2:] for row in rows[1:] if row}
    assert told["Units"] == [str(units) for units in UNITS]
    assert told["Units with a mean precision above 0.75"] == [str(units) for units in ABOVE]
    assert told["Mean precision"] == [f"0{share}" for share in MEAN]
    assert told["Fleiss’ kappa of the six groups"] == [f"0{share}" for share in KAPPA]
    assert told["Most workers wrote the same words"] == [f"0{share}" for share in SAME_WORDS]
    last = [told[f"{group.capitalize()}, share of answers above 0.75"][-1] for group in CATEGORIES]
    assert last == [f"0{share}" for share in POOL5]
    assert "it is being counted anew" not in page
    for name in ("reliability", "groups-agreement", "precision", "words", "categories"):
        assert f'<script id="{name}"' in page


def test_the_csv_has_every_layer_and_group(bob):
    text = b"".join(bob.get("/campaigns/places/agreement/agreement.csv").streaming_content)
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert len(rows) == (1 + len(LAYERS)) * (1 + len(CATEGORIES))
    assert digits([float(r["kappa"]) for r in rows if not r["group"]][1:]) == KAPPA
