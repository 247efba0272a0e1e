"""The frame of the findings: which run is shown, empty states, figures with their tables."""

import json
import re
from html import unescape

import pytest
from django.urls import reverse

from analysis.models import Job, Segment, State
from analysis.services import visibility
from analysis.services.findings import TABS
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run():
    """A finished run over one layer of a public network."""
    made = factories.a_finished_run(units=2)
    made.network.public = True
    made.network.save()
    return made


def address(run, tab="segments"):
    return f"/findings/{run.network.slug}/{tab}/"


def test_the_first_address_leads_to_a_finding_that_can_be_shown(client, run):
    assert client.get(f"/findings/{run.network.slug}/")["Location"] == address(run)


def test_a_figure_has_question_answer_drawing_table_method_and_download(client, run):
    page = client.get(address(run)).content.decode()
    assert "How much of a picture do the units of a layer see?" in page
    assert "20% of the image on average" in page
    drawing = json.loads(re.search(r'<script id="visible"[^>]*>(.*?)</script>', page)[1])
    [values] = drawing["data"]["values"]
    assert (values["layer"], values["images"]) == ("conv1", 120)
    assert '<td class="number">120</td>' in page
    assert f"/api/v1/statistics/segments.csv?run={run.short_key}" in page


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_teaches_while_no_run_has_its_step(client, researcher, run, tab):
    Job.objects.all().delete()
    page = unescape(client.get(address(run, tab)).content.decode())
    assert TABS[tab].teaches in page
    assert "manage.py" not in page
    client.force_login(researcher)
    orders = {"meanings": "open_campaign"}
    order = f"manage.py {orders.get(tab, 'analyze')}"
    assert order in client.get(address(run, tab)).content.decode()


def test_a_run_without_pictures_says_so(client, run):
    Segment.objects.all().delete()
    assert "has nothing to show here" in client.get(address(run)).content.decode()


def test_another_run_is_shown_when_named_and_nonsense_asks_for_the_newest(client, run):
    newer = factories.RunFactory(network=run.network, image_set=run.image_set)
    factories.fill_run(newer, run.network.layers.get())
    assert client.get(address(run)).context["run"] == newer
    assert client.get(address(run), {"run": run.short_key}).context["run"] == run
    assert client.get(address(run), {"run": "%00"}).context["run"] == newer
    Job.objects.filter(run=newer).update(state=State.RUNNING)
    assert client.get(address(run)).context["run"] == run


def test_every_tab_is_linked_and_marked(client, run):
    page = client.get(address(run)).content.decode()
    for tab in TABS.values():
        assert reverse(tab.address, args=[run.network.slug]) in page
    assert f'href="{address(run)}" aria-current="page"' in page
    assert (
        address(run).removesuffix("segments/")
        in client.get(f"/atlas/{run.network.slug}/").content.decode()
    )


def test_synthetic_says_so(client, run):
    type(run.network).objects.update(synthetic=True)
    type(run.image_set).objects.update(synthetic=True)
    page = client.get(address(run)).content.decode()
    assert "synthetic network" in page
    assert "synthetic images" in page


def test_both_masks_stand_beside_each_other(run):
    odd = Segment.objects.filter(top_image__rank__gte=30, top_image__end="top")
    odd.update(field="own", visible=0.1)
    disc, own = visibility.visible(run)
    assert (disc.field, disc.images, disc.visible) == ("disc", 60, pytest.approx(0.2))
    assert (own.field, own.images, own.visible) == ("own", 60, pytest.approx(0.1))
    told = "the layer's disc 20% and the unit's own field 10% of the image"
    assert told in visibility.figure(run, "").answer
