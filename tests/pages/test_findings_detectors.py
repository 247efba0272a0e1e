"""The detectors page: figures, the table by layer, class and page; the unit page's own section."""

import pytest

from analysis.models import ClassScore, ImageSet, UnitSemantics
from analysis.views.iou import iou
from tests.analysis.looking import small_net  # noqa: F401
from tests.analysis.masked import LABELS, a_masked_run, a_masked_set, finished

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run(small_net, tmp_path):  # noqa: F811
    """A finished dissection of a public network, one class of which has an odd name."""
    odd = [{**one, "name": one["name"].replace("patch", "<b>patch")} for one in LABELS["classes"]]
    images = a_masked_set(tmp_path / "masked", without=(3,), labels={**LABELS, "classes": odd})
    made = finished(a_masked_run(tmp_path, given={"quantile": 0.05}, image_set=images))
    made.network.public = True
    made.network.save()
    return made


def address(run):
    return f"/findings/{run.network.slug}/detectors/"


def test_it_shows_figures_and_the_units_of_the_last_layer_best_first(client, run):
    page = client.get(address(run))
    text = page.content.decode()
    assert [figure.name for figure in page.context["figures"]] == ["detectors", "classes"]
    assert page.context["layer"].name == "late"
    shown = [row.iou for row, _ in page.context["rows"]]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) == ClassScore.objects.filter(unit__layer__name="late", rank=0).count()
    assert "<b>patch" not in text
    assert "1 without a mask that can be used are left out" in text
    for name in ("detectors", "classes", "dissection"):
        assert f"{name}.csv?run={run.short_key}" in text


def test_layer_and_class_narrow_the_table(client, run):
    best = ClassScore.objects.filter(unit__layer__name="early", rank=0)
    other = best.order_by("unit__channel").last()
    ClassScore.objects.filter(pk=other.pk).update(name="lamp")
    page = client.get(address(run), {"layer": "early", "class": "lamp"})
    assert page.context["layer"].name == "early"
    assert [row.pk for row, _ in page.context["rows"]] == [other.pk]
    page = client.get(address(run), {"layer": "early"})
    assert len(page.context["rows"]) == best.count()


@pytest.mark.parametrize(
    "query", ["layer=x", "layer=%00", "class=x", "class=%00", "page=0", "page=x", "run=y"]
)
def test_what_makes_no_sense_in_the_address_asks_for_nothing(client, run, query):
    page = client.get(f"{address(run)}?{query}")
    assert page.status_code == 200
    assert page.context["layer"].name == "late"
    assert len(page.context["rows"]) > 1


def test_many_units_come_in_pages(client, run, monkeypatch):
    monkeypatch.setattr("analysis.views.findings_detectors.PAGE", 1)
    first, second = (client.get(address(run), {"page": number}) for number in (1, 2))
    assert "page=2#units" in first.content.decode()
    assert first.context["rows"][0][0] != second.context["rows"][0][0]


def test_a_page_takes_few_queries_however_many_units(client, run, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        client.get(address(run))


def test_who_may_not_see_the_network_is_asked_to_sign_in(client, run):
    run.network.public = False
    run.network.save()
    assert client.get(address(run)).status_code == 302
    assert client.post(address(run)).status_code == 405


def test_without_a_dissection_the_page_teaches(client, run):
    run.jobs.all().delete()
    assert "Which units cover the objects" in client.get(address(run)).content.decode()


def test_a_run_whose_units_answer_to_nothing_still_shows_its_figures(client, run):
    ClassScore.objects.all().delete()
    page = client.get(address(run))
    assert page.status_code == 200
    assert "rows" not in page.context


def test_the_unit_page_shows_its_classes_and_says_it_is_a_machine(client, run):
    best = ClassScore.objects.filter(rank=0).order_by("-iou").first()
    where = f"/atlas/{run.network.slug}/{best.unit.layer.name}/{best.unit.channel}/"
    text = client.get(where).content.decode()
    assert "What the masks say" in text
    assert "A detector of <strong>" in text
    assert f"IoU {best.iou:.3f} is above 0.04" in text
    assert "by a machine" in text
    assert "synthetic" not in text
    ImageSet.objects.update(synthetic=True)
    assert "of masked (synthetic)" in client.get(where).content.decode()
    ClassScore.objects.filter(unit=best.unit).update(iou=0.01)
    assert "No detector: its best IoU, 0.010" in client.get(where).content.decode()
    ClassScore.objects.all().delete()
    assert "What the masks say" not in client.get(where).content.decode()


def test_machine_labels_are_never_mixed_with_peoples(client, run):
    said = UnitSemantics.objects.all()
    assert {row.source for row in said} == {"machine"}
    layer = said[0].unit.layer
    grid = f"/atlas/{run.network.slug}/{layer.name}/"
    assert not client.get(grid, {"source": "people"}).context["cards"]
    assert client.get(grid, {"source": "machine"}).context["cards"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0403, "0.0403"),
        (0.04, "0.040"),
        (0.0396, "0.040"),
        (0.04000001, "0.04000001"),
        (0.2, "0.200"),
        (0.0, "0.000"),
    ],
)
def test_an_iou_reads_above_the_threshold_where_it_is(value, told):
    assert iou(value) == told
