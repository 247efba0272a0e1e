"""The paper's table of a run, its figure, and drawings to scale, checked by hand."""

import base64
import io
import statistics

import numpy as np
import pytest
from PIL import Image

from analysis.models import ReceptiveField
from analysis.services import field_findings, fields
from analysis.services.field_drawings import FieldDrawing, drawing_of, drawings_of
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
SIZES = [60.0, 72.5, 81.0]


@pytest.fixture
def run(settings, tmp_path):
    """A run over two layers, one of the paper's last, one that sees the whole image."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = factories.a_finished_run(units=4, layers=2)
    made.network.layers.filter(name="conv2").update(field_size=None)
    layer = made.network.layers.get(name="conv1")
    for unit, size in zip(layer.units.all(), SIZES, strict=False):
        ReceptiveField.objects.create(
            run=made, unit=unit, size=size, dy=4.0, dx=-6.0, anisotropy=1.2, images=9, stride=3
        )
    silent = layer.units.last()
    ReceptiveField.objects.create(run=made, unit=silent, problem="It never fires.")
    whole = made.network.layers.get(name="conv2").units.first()
    ReceptiveField.objects.create(run=made, unit=whole, size=99.0, converged=True)
    fields.write_maps(made, layer, {0: bump(), 1: bump(), 2: bump()})
    return made


def bump():
    """Return a map of 21 × 21 with a maximum of 1 in its middle and a hole."""
    y, x = np.mgrid[-10:11, -10:11]
    made = np.exp2(-(y**2 + x**2) / 9.0)
    made[:2] = np.nan
    return made


def test_rows_have_the_papers_numbers_beside_our_own(run):
    first, second = field_findings.by_layer(run)
    assert (first.layer, first.theoretical, first.units, first.without_field) == (
        "conv1",
        195,
        3,
        1,
    )
    assert first.size == pytest.approx(statistics.mean(SIZES))
    assert first.size_sd == pytest.approx(statistics.stdev(SIZES))
    assert (first.published_places, first.published_imagenet_sd) == (72.0, 21.6)
    assert (second.theoretical, second.size, second.settled) == (None, 99.0, 1)
    assert second.published_places is None


def test_units_come_in_the_networks_order_with_their_problems(run):
    rows = list(field_findings.by_unit(run))
    assert [(row.layer, row.channel) for row in rows] == [
        *(("conv1", channel) for channel in range(4)),
        ("conv2", 0),
    ]
    assert (rows[0].size, rows[0].dy, rows[0].images, rows[0].settled) == (60.0, 4.0, 9, False)
    assert (rows[3].size, rows[3].problem) == (None, "It never fires.")


def test_the_figure_answers_with_shares_and_marks_what_is_published(run):
    figure = field_findings.figure(run, "/rows.csv")
    assert figure.answer == "On average 36% of the theoretical size in conv1."
    head = [cell.text for cell in figure.head]
    assert head[-2:] == ["Published, Places-CNN", "Published, ImageNet-CNN"]
    assert [cell.text for cell in figure.table[0]][-2:] == ["72.0 ± 20.0", "70.3 ± 21.6"]
    assert figure.table[1][1].text == "whole image"
    values = figure.spec["data"]["values"]
    assert sorted(row["unit"] for row in values if "unit" in row) == SIZES
    assert [row["published"] for row in values if "published" in row] == [72.0, 70.3]
    assert all(row["theoretical"] for row in values)  # nothing without a place on the axis


def test_layers_of_other_sizes_have_no_published_numbers(run):
    run.network.layers.update(field_size=200)
    figure = field_findings.figure(run, "")
    assert "Published" not in " ".join(cell.text for cell in figure.head)
    assert figure.answer == "On average 36% of the theoretical size in conv1 and 50% in conv2."


def test_without_any_field_the_answer_says_so_and_without_rows_there_is_no_figure(run):
    ReceptiveField.objects.filter(size__isnull=False).delete()
    assert "No unit that was looked at has a field" in field_findings.figure(run, "").answer
    ReceptiveField.objects.all().delete()
    assert field_findings.figure(run, "") is None


def test_a_drawing_is_to_scale(run):
    unit = run.network.layers.get(name="conv1").units.first()
    drawn = drawing_of(run, unit)
    assert (drawn.width, drawn.height, drawn.middle) == (227, 227, (113.5, 113.5))
    assert drawn.theoretical_box == (16.0, 16.0, 195, 195)
    assert drawn.square == (113.5 - 6 - 30, 113.5 + 4 - 30, 60, 60)
    assert drawn.glow_box == (113.5 - 31.5, 113.5 - 31.5, 63, 63)
    picture = Image.open(io.BytesIO(base64.b64decode(drawn.glow.split(",")[1])))
    alpha = np.asarray(picture)[..., 1]
    assert alpha.shape == (21, 21)
    assert alpha[10, 10] == 255
    assert not alpha[:2].any()
    assert abs(int(alpha[10, 13]) - 128) <= 1  # half of the maximum


def test_a_unit_shows_the_newest_field_where_the_run_shown_has_none(run):
    unit = run.network.layers.get(name="conv1").units.first()
    other = factories.RunFactory(network=run.network, image_set=run.image_set)
    assert drawing_of(other, unit).row.run == run
    assert drawing_of(None, unit).row.run == run
    bare = drawing_of(run, run.network.layers.get(name="conv2").units.last())
    assert (bare.row, bare.square, bare.glow, bare.glow_box) == (None, None, "", None)
    assert bare.words == "The image frame, 227 by 227 pixels"


def test_a_theoretical_field_larger_than_the_image_gets_room():
    assert FieldDrawing(224, 224, 851).whole == (-322, -322, 868, 868)
    assert FieldDrawing(224, 320, 19).whole == (-8, -8, 336, 240)


def test_a_gallery_page_holds_some_of_the_units_with_a_field(run):
    layer = run.network.layers.get(name="conv1")
    assert [one.row.unit.channel for one in drawings_of(run, layer, 1, 2)] == [1, 2]
    assert drawings_of(run, layer, 3, 2) == []
