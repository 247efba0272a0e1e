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

from analysis.models import UnitSemantics
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
from tests.annotate.test_published_figures import column as of_layers

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


# ---- What else reckons with the campaign ---------------------------------------------------------
def asked(bob, name):
    """Return a statistic of the campaign's labels."""
    of = {"network": "alexnet", "source": "published", "campaign": "places"}
    return bob.get(f"/api/v1/statistics/{name}/", of).json()["rows"]


def test_the_statistics_of_the_campaign_give_the_table_to_the_digit(bob):
    precision, agreement = asked(bob, "precision"), asked(bob, "agreement")
    assert of_layers(precision, "layer") == of_layers(agreement, "layer") == LAYERS
    assert of_layers(precision, "units") == of_layers(agreement, "units") == UNITS
    assert of_layers(precision, "above") == ABOVE
    assert digits(of_layers(precision, "precision")) == MEAN
    assert digits(of_layers(agreement, "kappa")) == KAPPA
    assert digits(of_layers(agreement, "same_words")) == SAME_WORDS
    groups = [
        row
        for row in asked(bob, "categories")
        if (row["layer"], row["counted_by"]) == ("pool5", "answer")
    ]
    assert digits(of_layers(groups, "share")) == POOL5


def test_every_unit_is_a_task_with_three_answers_and_one_label(bob):
    campaign = Campaign.objects.get()
    assert Answer.objects.counted(campaign).count() == 3 * sum(UNITS)
    by_layer = [campaign.tasks.filter(unit__layer__name=name).count() for name in LAYERS]
    assert by_layer == UNITS
    assert set(campaign.tasks.values_list("answers_given", flat=True)) == {3}
    assert UnitSemantics.objects.count() == sum(UNITS)


def test_its_pages_reckon_with_them(bob):
    page = bob.get("/campaigns/places/").content.decode()
    assert "4,128 <small>of 4,128</small>" in page
    assert "published answers" in page
    assert "1,376" in bob.get("/campaigns/places/live/").content.decode()
    concepts = bob.get("/campaigns/places/concepts/?q=lamp").content.decode()
    assert "1,376 labelled units" in concepts
    assert "places" in bob.get("/findings/alexnet/meanings/").content.decode()
