"""The paper's released answers as a campaign: the figures of its table, from our own pages."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from analysis.models import UnitSemantics
from annotate.models import Answer, Campaign
from tests.annotate.test_published_figures import (
    ABOVE,
    KAPPA,
    LAYERS,
    MEAN,
    POOL5,
    SAME_WORDS,
    UNITS,
    column,
    digits,
)

pytestmark = [pytest.mark.data, pytest.mark.rows]


@pytest.fixture(scope="module")
def places(shared_data, django_db_setup, django_db_blocker):
    """The campaign of the release, and an admin who reads it; taken back at the end."""
    path = shared_data / "zhou2015" / "unitAnnotation_places205-alexnet.mat"
    with django_db_blocker.unblock(), transaction.atomic():
        given = {"network": "places", "format": "zhou2015", "as_campaign": "places-zhou"}
        call_command("import_answers", path, stdout=io.StringIO(), **given)
        client = Client()
        client.force_login(User.objects.create_superuser("reader"))
        yield client
        transaction.set_rollback(True)


def asked(places, name):
    """Return a statistic of the campaign's labels."""
    of = {"network": "places", "source": "published", "campaign": "places-zhou"}
    return places.get(f"/api/v1/statistics/{name}/", of).json()["rows"]


def test_the_statistics_of_the_campaign_give_the_table_to_the_digit(places):
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
    assert digits(column(groups, "share")) == POOL5


def test_every_unit_is_a_task_with_three_answers_and_one_label(places):
    campaign = Campaign.objects.get()
    assert Answer.objects.counted(campaign).count() == 3 * sum(UNITS)
    by_layer = [campaign.tasks.filter(unit__layer__name=name).count() for name in LAYERS]
    assert by_layer == UNITS
    assert set(campaign.tasks.values_list("answers_given", flat=True)) == {3}
    assert UnitSemantics.objects.count() == sum(UNITS)


def test_its_pages_reckon_with_them(places):
    page = places.get("/campaigns/places-zhou/").content.decode()
    assert "4,128 <small>of 4,128</small>" in page
    assert "published answers" in page
    assert "1,376" in places.get("/campaigns/places-zhou/live/").content.decode()
    concepts = places.get("/campaigns/places-zhou/concepts/?q=lamp").content.decode()
    assert "1,376 labelled units" in concepts
    assert "places-zhou" in places.get("/findings/places/meanings/").content.decode()
