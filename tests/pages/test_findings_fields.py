"""The fields page: table, gallery by layer and page, problems told; the unit page shows its own."""

import numpy as np
import pytest

from analysis.models import Job, ReceptiveField, State
from analysis.services import fields
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run(settings, tmp_path):
    """A finished run of a public network with the step `locate` over two layers."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = factories.a_finished_run(units=3, layers=2)
    made.network.public = True
    made.network.save()
    Job.objects.create(run=made, step="locate", position=2, queue="gpu", state=State.DONE)
    for layer in made.network.layers.all():
        for unit in layer.units.filter(channel__lt=2):
            ReceptiveField.objects.create(
                run=made, unit=unit, size=70.0, size_low=66, size_high=75, dy=1, dx=2,
                anisotropy=1.1, spread=9, images=30, stride=3, converged=True,
            )  # fmt: skip
        silent = layer.units.get(channel=2)
        ReceptiveField.objects.create(run=made, unit=silent, problem="It <b>never</b> fires.")
        fields.write_maps(made, layer, {0: np.eye(9), 1: np.eye(9)})
    return made


def address(run):
    return f"/findings/{run.network.slug}/fields/"


def test_the_gallery_shows_the_units_of_a_layer_and_says_why_some_have_none(client, run):
    page = client.get(address(run))
    text = page.content.decode()
    assert page.context["layer"].name == "conv1"
    assert [one.row.unit.channel for one in page.context["drawings"]] == [0, 1]
    assert text.count("data:image/png;base64,") == 2
    assert "It &lt;b&gt;never&lt;/b&gt; fires." in text
    assert f"/conv1/0/?run={run.short_key}" in text
    assert f"unit-fields.csv?run={run.short_key}" in text
    second = client.get(address(run), {"layer": "conv2"})
    assert second.context["layer"].name == "conv2"


@pytest.mark.parametrize("query", ["layer=x", "layer=%00", "page=0", "page=x", "page=99999999999"])
def test_what_makes_no_sense_in_the_address_asks_for_nothing(client, run, query):
    page = client.get(f"{address(run)}?{query}")
    assert page.status_code == 200
    assert len(page.context["drawings"]) == 2


def test_many_units_come_in_pages(client, run, monkeypatch):
    monkeypatch.setattr("analysis.views.findings_fields.PAGE", 1)
    first = client.get(address(run))
    assert [one.row.unit.channel for one in first.context["drawings"]] == [0]
    assert "page=2#gallery" in first.content.decode()
    second = client.get(address(run), {"page": 2})
    assert [one.row.unit.channel for one in second.context["drawings"]] == [1]


def test_a_run_whose_units_have_no_row_says_so(client, run):
    ReceptiveField.objects.all().delete()
    page = client.get(address(run)).content.decode()
    assert "has nothing to show here" in page
    assert "field-grid" not in page


def test_the_unit_page_shows_its_field_with_its_numbers(client, run):
    text = client.get(f"/atlas/{run.network.slug}/conv1/0/").content.decode()
    assert "It looks at 70 px" in text
    assert "70.0 px (66.0 to 75.0, 95%)" in text
    assert "2.0 px right, 1.0 px down" in text
    assert "30; settled" in text
    assert text.count("data:image/png;base64,") == 1
    assert f"/fields/?run={run.short_key}&amp;layer=conv1" in text


def test_the_unit_page_says_why_there_is_none(client, run):
    text = client.get(f"/atlas/{run.network.slug}/conv1/2/").content.decode()
    assert 'No field was found: <span lang="en">It &lt;b&gt;never&lt;/b&gt; fires.</span>' in text
    assert "Theoretical field (dashed): 195 × 195 px" in text


def test_the_unit_page_names_the_run_that_measured_where_it_is_another(client, run):
    newer = factories.RunFactory(network=run.network, image_set=run.image_set)
    factories.fill_run(newer, run.network.layers.get(name="conv1"))
    text = client.get(f"/atlas/{run.network.slug}/conv1/0/").content.decode()
    assert f"(measured by run {run.short_key})" in text


def test_a_page_takes_few_queries_however_many_units(client, run, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        client.get(address(run))
