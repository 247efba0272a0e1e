"""Disc and own field beside each other: on the findings and on the page of a unit."""

import numpy as np
import pytest

from analysis.core.overlap import Overlap, counted, pixels_of
from analysis.models import Segment
from analysis.services import mask_findings
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
LABELS = {"classes": [{"index": 0, "name": "wall"}, {"index": 1, "name": "bed"}]}


@pytest.fixture
def run(settings, tmp_path):
    """A run of a public network that compared the masks of units 0 and 1 of its layer."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = factories.a_finished_run(units=3)
    type(made.network).objects.update(public=True)
    type(made.image_set).objects.update(labels=LABELS)
    shown = Segment.objects.filter(top_image__end="top", top_image__unit__channel__lt=2)
    shown.update(field="own", visible=0.1, disc_visible=0.25)
    return type(made).objects.get(pk=made.pk)


def count(run, own_columns):
    """Count one image for units 0 and 1: a bed in the left 5 of 10 columns, a disc of 8."""
    layer = run.network.layers.get()
    labels = np.zeros((10, 10), np.int64)
    labels[:, :5] = 1
    overlaps = {kind: Overlap(3, 2) for kind in mask_findings.KINDS}
    for unit, columns in enumerate(own_columns):
        for kind, width in (("disc", 8), ("own", columns)):
            mask = np.zeros((10, 10), dtype=bool)
            mask[:, :width] = True
            overlaps[kind].add(counted(unit, mask, labels, pixels_of(labels, 2)))
    mask_findings.write_layer(run, layer, overlaps)


def address(run):
    return f"/findings/{run.network.slug}/segments/"


def test_rows_and_figure_are_what_one_counts_by_hand(client, run):
    count(run, (4, 5))  # IoU of the disc with the bed 5/8, of the own fields 4/5 and 5/5
    assert list(mask_findings.by_unit(run)) == [
        ("conv1", 0, 1, "bed", 0.625, "bed", 0.8),
        ("conv1", 1, 1, "bed", 0.625, "bed", 1.0),
    ]
    [row] = mask_findings.by_layer(run)
    assert (row.units, row.disc, row.own) == (2, 0.625, pytest.approx(0.9))
    assert row.difference == pytest.approx(0.275)
    assert row.difference_low == pytest.approx(0.175)
    figure = mask_findings.figure(run, "")
    assert figure.answer == "Of 1 layer: own fields in 1, beyond chance."
    assert [cell.text for cell in figure.table[0]][6:] == ["0.275", "0.175 to 0.375"]
    assert "Which mask fits what is there better" in client.get(address(run)).content.decode()


def test_a_difference_within_chance_is_told_so(run):
    count(run, (10, 5))  # IoU of the own fields 5/10 and 5/5
    [row] = mask_findings.by_layer(run)
    assert row.difference_low < 0 < row.difference_high
    assert mask_findings.figure(run, "").answer.startswith("Neither")


def test_without_counts_the_pairs_stand_alone(client, run):
    page = client.get(address(run)).content.decode()
    assert "Which mask fits" not in page
    assert page.count("By the disc: 0.25 of it visible") == 2
    assert "Best class of every unit" not in page


def test_the_unit_page_shows_both_masks_where_both_were_drawn(client, run):
    count(run, (4, 5))
    unit = f"/atlas/{run.network.slug}/conv1/0/"
    assert "Both masks" in client.get(unit).content.decode()
    page = client.get(f"{unit}?view=masks").content.decode()
    assert page.count('class="pair"') == 60
    assert "the disc fits bed best (IoU 0.625), the own field bed (IoU 0.800)" in page
    bare = client.get(f"/atlas/{run.network.slug}/conv1/2/?view=masks")
    assert bare.context["kind"] == "segmented"
    assert "Both masks" not in bare.content.decode()


def test_the_disc_picture_has_an_address(client, run):
    segment = Segment.objects.filter(disc_visible__isnull=False).first()
    assert segment.disc["tile"].endswith("/disc-tile.webp")
    assert client.get(segment.disc["tile"]).status_code == 404  # the file was not drawn here
    assert Segment.objects.filter(disc_visible=None).first().disc is None
