"""Pictures of the top images: all there, the same again, planted ones not told by their look."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.core.arrays import unpacked
from analysis.core.bins import quantile
from analysis.core.fields import LayerGrid, disc, disc_diameter
from analysis.core.images import open_image, open_mask, prepare, view_mask
from analysis.core.segments import stamp
from analysis.models import Segment, TopImage
from analysis.pipeline import forward, scan, segment
from analysis.services import fields, files, mask_findings
from analysis.services.pictures import picture_file, token_of
from analysis.services.shards import Interrupted
from tests.analysis.photographs import PREPARATION, a_net, a_scan, job_of, shards_of

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
# The pictures are small: they are not blown up further than a sharp tile.
SIZES = {"tile": 112, "tile2x": 224, "large": 224}


@pytest.fixture
def net(monkeypatch, settings, tmp_path):
    """The small network in place of a stored one, and a media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = a_net()
    monkeypatch.setattr(forward.networks, "load", lambda row, device: (made, PREPARATION))
    forward._loaded.cache_clear()
    yield made
    forward._loaded.cache_clear()


def nobody(done):
    """No beat is missed."""


@pytest.fixture
def run(net, tmp_path):
    """A run whose scan is done."""
    return scanned(tmp_path)


def scanned(tmp_path, **recipe):
    run = a_scan(tmp_path, count=12, **recipe)
    for shard in shards_of(run, "scan"):
        scan.work(shard, nobody)
    scan.finish(job_of(run, "scan"))
    return run


def segmented(run, order=(0, 1)):
    shards = shards_of(run, "segment")
    for number in order:
        segment.work(shards[number], nobody)
    segment.finish(job_of(run, "segment"))


def stored(run):
    return {
        (token, kind, size): files.read(picture_file(token, kind, size))
        for token in Segment.objects.filter(top_image__run=run).values_list("token", flat=True)
        for kind in ("plain", "segmented")
        for size in SIZES
    }


def test_every_top_image_has_six_pictures_and_a_row(run):
    segmented(run)
    assert Segment.objects.count() == TopImage.objects.count() == 13 * 8
    for (_, _, size), data in stored(run).items():
        image = Image.open(io.BytesIO(data))
        assert image.format == "WEBP"
        assert image.size == (SIZES[size], SIZES[size])
    for row in Segment.objects.all():
        assert row.field == "disc"
        assert 0 < row.visible < 1
        assert row.token == token_of(row.top_image)


def test_tokens_cannot_be_guessed_and_are_unlike(run, settings):
    top = TopImage.objects.select_related("run", "unit__layer").first()
    first = token_of(top)
    assert len(first) == 32
    assert len({token_of(row) for row in TopImage.objects.all()}) == TopImage.objects.count()
    settings.SECRET_KEY = "another installation"
    assert token_of(top) != first


def test_repetition_and_order_of_shards_leave_no_trace(run, settings, tmp_path):
    segmented(run)
    first, rows = stored(run), list(Segment.objects.order_by("pk").values())
    manifest = files.read(run.image_set.manifest)
    settings.MEDIA_ROOT = tmp_path / "elsewhere"
    files.write(run.image_set.manifest, manifest)
    segmented(run, order=(1, 0, 1))
    assert stored(run) == first
    assert list(Segment.objects.order_by("pk").values()) == rows


def test_the_strongest_place_stays_bright(run):
    segmented(run)
    for top in TopImage.objects.filter(end="top").select_related("unit__layer", "segment"):
        plain, cut = (
            np.asarray(
                Image.open(io.BytesIO(files.read(picture_file(top.segment.token, kind, "large")))),
                float,
            )
            for kind in ("plain", "segmented")
        )
        layer = top.unit.layer
        scale = SIZES["large"] / PREPARATION.height
        y = int((layer.field_offset + layer.field_stride * top.row) * scale)
        x = int((layer.field_offset + layer.field_stride * top.column) * scale)
        assert np.abs(cut[y, x] - plain[y, x]).max() < 25


def test_weak_images_without_activation_show_as_much_as_strong_ones(net, tmp_path):
    with torch.no_grad():
        net[3].bias.fill_(-0.3)  # many maps of the late layer are zero everywhere
    run = a_scan(tmp_path, count=12)
    for shard in shards_of(run, "scan"):
        scan.work(shard, nobody)
    scan.finish(job_of(run, "scan"))
    segmented(run)
    tops = TopImage.objects.filter(unit__layer__name="late").select_related("segment")
    silent = [top.segment.visible for top in tops if top.end == "low" and top.activation == 0]
    strong = [top.segment.visible for top in tops if top.end == "top" and top.activation > 0]
    assert silent
    assert min(silent) > 0
    assert min(strong) * 0.3 < np.mean(silent) < max(strong) * 1.5


def test_it_beats_after_every_image_and_stops_when_told(run):
    beats = []
    segment.work(shards_of(run, "segment")[0], beats.append)
    named = TopImage.objects.filter(image__number__lt=8).values("image").distinct().count()
    assert len(beats) >= named > 0
    assert beats == sorted(beats)
    assert beats[-1] <= 8

    def stop(done):
        raise Interrupted("cancelled")

    with pytest.raises(Interrupted):
        segment.work(shards_of(run, "segment")[1], stop)
    first = TopImage.objects.filter(image__number__lt=8)
    assert Segment.objects.filter(top_image__in=first).count() == first.count()
    assert Segment.objects.count() == first.count()


def test_an_image_that_vanished_after_the_scan_is_named(run):
    image = TopImage.objects.filter(image__number__lt=8).order_by("image__number").first().image
    (Path(run.image_set.root) / image.path).unlink()
    with pytest.raises(ValueError, match=rf"Image {image.number} \({image.path}\)"):
        segment.work(shards_of(run, "segment")[0], nobody)


def shares(run, end="top"):
    """Return how much each picture of one end leaves visible, by unit and rank."""
    tops = TopImage.objects.filter(run=run, end=end).select_related("segment", "unit__layer")
    return {(str(top.unit), top.rank): top.segment.visible for top in tops}


def test_a_units_own_field_is_stamped_where_the_run_measured_one(run):
    layer = run.layers.get(name="late")
    small = np.zeros((5, 5), np.float32)
    small[1:4, 1:4] = 1.0
    fields.write_maps(run, layer, {2: small})
    segmented(run)
    own = Segment.objects.filter(field="own")
    assert set(own.values_list("top_image__unit__layer__name", "top_image__unit__channel")) == {
        ("late", 2)
    }
    assert own.count() == 8
    assert Segment.objects.filter(field="disc").count() == 12 * 8


def test_the_mask_of_the_own_field_is_the_fields_pixels_at_every_location_that_is_on(run, net):
    """Slowly: the map of one image, thresholded and painted by hand."""
    layer = run.layers.get(name="late")
    lopsided = np.zeros((5, 5), np.float32)
    lopsided[2, 2:5] = 1.0
    fields.write_maps(run, layer, {2: lopsided})
    covers = fields.own_fields(run, layer)[2].covers
    segmented(run)
    top = TopImage.objects.select_related("image", "segment").get(
        unit__layer=layer, unit__channel=2, end="top", rank=0
    )
    picture = open_image(Path(run.image_set.root) / top.image.path)
    with torch.no_grad():
        maps = net[:5](torch.from_numpy(prepare(picture, PREPARATION))[None])[0, 2].numpy()
    mask = np.zeros((32, 32), dtype=bool)
    for row, column in zip(*(maps > maps.max() / 2).nonzero(), strict=True):
        y, x = int(1.5 + 4 * row), int(1.5 + 4 * column)
        for down, right in zip(*covers.nonzero(), strict=True):
            at = y + down - len(covers) // 2, x + right - len(covers) // 2
            if 0 <= at[0] < 32 and 0 <= at[1] < 32:
                mask[at] = True
    assert top.segment.visible == pytest.approx(mask.mean())


def test_a_quantile_of_all_activations_may_be_the_threshold(net, tmp_path):
    usual = scanned(tmp_path)
    segmented(usual)
    chosen = {"segment": {"threshold": "quantile", "top_share": 0.02}}
    strict = scanned(tmp_path, options=chosen)
    segmented(strict)
    kept = unpacked(files.read(scan.layer_file(strict, strict.layers.get(name="early"))))
    level = quantile(kept["counts"], int(kept["first"][0]), 0.98)[0]
    assert level > 0
    before, after = shares(usual), shares(strict)
    assert before.keys() == after.keys()
    assert min(after.values()) > 0
    assert np.mean(list(after.values())) < np.mean(list(before.values()))
    assert min(shares(strict, "low").values()) > 0  # planted ones still borrow


@pytest.fixture
def compared(net, tmp_path):
    """A scanned run that compares; unit 2 of the late layer has its own field."""
    made = scanned(tmp_path, options={"segment": {"compare": True}})
    small = np.zeros((7, 7), np.float32)
    small[2:5, 1:6] = 1.0
    fields.write_maps(made, made.layers.get(name="late"), {2: small})
    return made


def with_masks(run, size=None, index=3):
    """Give every image that the run names a mask: 7 on the left, ``index`` right, void below."""
    names = [{"index": 7, "name": "left"}, {"index": 3, "name": "right"}]
    run.image_set.labels = {"void_index": 255, "classes": names}
    run.image_set.save()
    for image in run.image_set.images.all():
        width, height = size or (image.width, image.height)
        mask = np.full((height, width), index, np.uint8)
        mask[:, : width // 2] = 7
        mask[height - height // 4 :] = 255
        image.mask = f"mask-{image.number}.png"
        Image.fromarray(mask).save(Path(run.image_set.root) / image.mask)
        image.save()


def test_both_masks_are_drawn_and_counted_against_the_classes_pixel_by_pixel(compared, net):
    with_masks(compared)
    segmented(compared)
    layer = compared.layers.get(name="late")
    own = fields.own_fields(compared, layer)[2]
    grid = LayerGrid(8, 8, 32, 32, size=13, stride=4, offset=1.5)
    by_kind = {"own": own, "disc": disc(disc_diameter(grid))}
    both = {kind: np.zeros(2) for kind in by_kind}
    union = {kind: np.zeros(2) for kind in by_kind}
    tops = TopImage.objects.filter(unit__layer=layer, unit__channel=2, end="top")
    for top in tops.select_related("image", "segment"):
        root = Path(compared.image_set.root)
        pixels = prepare(open_image(root / top.image.path), PREPARATION)
        with torch.no_grad():
            maps = net[:5](torch.from_numpy(pixels)[None])[0, 2].numpy()
        labels = view_mask(open_mask(root / top.image.mask), PREPARATION)
        for kind, field in by_kind.items():
            mask = stamp(maps > maps.max() / 2, field, grid)
            share = top.segment.visible if kind == "own" else top.segment.disc_visible
            assert share == pytest.approx(mask.mean())
            for place, index in enumerate((7, 3)):
                truth, lit = labels == index, mask & (labels != 255)
                both[kind][place] += (truth & lit).sum()
                union[kind][place] += (truth | lit).sum()
        for size in SIZES:
            assert files.exists(picture_file(top.segment.token, "disc", size))
    [row] = mask_findings.by_unit(compared)
    assert (row.layer, row.channel, row.images) == ("late", 2, 5)
    assert row.own == pytest.approx((both["own"] / union["own"]).max())
    assert row.disc == pytest.approx((both["disc"] / union["disc"]).max())
    assert row.own_class == ("left", "right")[int((both["own"] / union["own"]).argmax())]
    [mean] = mask_findings.by_layer(compared)
    assert (mean.units, mean.own, mean.difference_low) == (1, row.own, None)
    assert Segment.objects.filter(disc_visible__isnull=False).count() == 5


def test_no_picture_is_there_for_strong_images_alone(compared):
    """Else the addresses that are no tile's would tell a planted negative."""
    segmented(compared)
    segments = Segment.objects.filter(
        top_image__unit__channel=2, top_image__unit__layer__name="late"
    )
    kinds = {
        end: {
            kind
            for row in segments.filter(top_image__end=end)
            for kind in ("plain", "segmented", "disc")
            if files.exists(picture_file(row.token, kind, "tile"))
        }
        for end in TopImage.End.values
    }
    assert kinds["top"] == kinds["low"] == {"plain", "segmented", "disc"}


def test_comparing_twice_and_in_another_order_gives_the_same_bytes(compared):
    with_masks(compared)
    segmented(compared)
    name = mask_findings.masks_file(compared, "layer-late")
    first = files.read(name)
    segmented(compared, order=(1, 0, 1))
    assert files.read(name) == first


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        (lambda run: with_masks(run, size=(20, 10)), "cannot be used, it has 20 × 10 pixels"),
        (
            lambda run: with_masks(run, index=9),
            "classes that have no name in labels.json: 9",
        ),
        (
            lambda run: [
                with_masks(run),
                [path.unlink() for path in Path(run.image_set.root).glob("mask-*")],
            ],
            "cannot be used",
        ),
    ],
)
def test_a_mask_that_cannot_be_used_is_told_and_the_rest_goes_on(compared, masks, sentence):
    masks(compared)
    segmented(compared)
    assert Segment.objects.count() == TopImage.objects.count()
    assert list(mask_findings.by_layer(compared)) == []
    lines = [line.text for line in compared.log.all()]
    assert any(sentence in line for line in lines)
    assert any("is left out: its mask mask-" in line for line in lines)


def test_without_masks_both_are_drawn_and_without_fields_the_log_says_so(compared):
    segmented(compared)
    assert Segment.objects.filter(disc_visible__isnull=False).count() == 5
    assert list(mask_findings.by_unit(compared)) == []
    files.remove(f"runs/{compared.key}/fields")
    Segment.objects.all().delete()
    segmented(compared)
    assert not Segment.objects.filter(disc_visible__isnull=False).exists()
    assert compared.log.last().text == (
        "segment: nothing to compare, no unit has a field of its own"
    )
