"""The findings on localisation: the figure, the table, the pictures, and the rows as CSV."""

import pytest

from analysis.models import Job, Localisation, State
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run():
    """A finished run of a public network whose units find beds well and lamps not at all."""
    made = factories.a_finished_run(units=2)
    made.network.public = True
    made.network.save()
    Job.objects.create(
        run=made, step="localise", position=5, queue="gpu", state=State.DONE, total=9
    )
    shared = {"run": made, "label": 3, "how": "name", "images": 100, "images_with_class": 40}
    example = {"rank": 0, "image": 7, "token": "ab" * 16, "there": False, "jaccard": 0.0}
    Localisation.objects.create(
        **shared,
        concept="bed",
        name="bed",
        sources="machine people",
        units=2,
        jaccard=0.246,
        chance=0.05,
        average_precision=0.811,
        examples=[example],
    )
    Localisation.objects.create(
        **shared, concept="<lamp>", name="lamp", sources="people", jaccard=0.0, chance=0.01
    )
    unit = made.network.layers.get().units.first()
    Localisation.objects.create(
        **shared, unit=unit, concept="bed", name="bed", sources="people", jaccard=0.2, chance=0.05
    )
    return made


def test_the_page_says_what_is_found_beside_chance(client, run):
    page = client.get(f"/findings/{run.network.slug}/localisation/").content.decode()
    assert (
        "Best is bed, with a Jaccard index of 0.246 (0.050 by chance); 1 of 2 concepts is" in page
    )
    assert "&lt;lamp&gt;" in page
    assert "<lamp>" not in page
    assert f"/pictures/{'ab' * 16}/found-large.webp" in page
    assert f"/pictures/{'ab' * 16}/truth-large.webp" in page
    assert "no bed here" in page
    assert "machine, people" in page


def test_concepts_stand_below_one_another_so_that_each_has_its_name(client, run):
    page = client.get(f"/findings/{run.network.slug}/localisation/")
    [figure, *_] = page.context["figures"]
    layers = [(one["mark"]["type"], one["mark"]["style"]) for one in figure.spec["layer"]]
    assert layers == [("bar", "observed"), ("tick", "halo"), ("tick", "interval")]
    for layer in figure.spec["layer"]:
        assert layer["encoding"]["y"]["sort"] == ["bed", "<lamp>"]


def test_nothing_counted_is_said(client, run):
    Localisation.objects.all().delete()
    page = client.get(f"/findings/{run.network.slug}/localisation/").content.decode()
    assert "has nothing to show here" in page


def test_the_rows_are_a_statistic_concepts_first(client, run):
    address = f"/api/v1/statistics/localisation/?run={run.short_key}"
    found = client.get(address).json()["rows"]
    assert [(row["concept"], row["layer"]) for row in found] == [
        ("bed", None),
        ("<lamp>", None),
        ("bed", "conv1"),
    ]
    assert found[0]["average_precision"] == 0.811
    csv = client.get(f"/api/v1/statistics/localisation.csv?run={run.short_key}")
    assert csv.status_code == 200
