"""The page of minimal images: choice, figure, who named, every step, what is left out."""

import json
from html import unescape

import pytest

from analysis.models import Image, MinimalImage
from analysis.services import files, minimal_images
from analysis.services.minimal_images import choice_file
from tests.pages.minimal_rows import a_minimal_image, a_simplified_run

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return a_simplified_run()


def address(run):
    return f"/findings/{run.network.slug}/minimal/"


def text_of(client, run, **query):
    return unescape(client.get(address(run), query).content.decode())


def test_it_says_what_is_kept_who_named_and_how_far_images_go(client, run):
    page = client.get(address(run))
    assert (page.context["choice"].scene, page.context["choice"].regions) == ("kitchen", "masks")
    text = unescape(page.content.decode())
    assert "What does a kitchen need to be named so?" in text
    assert "Of 2 minimal images so many keep it: oven 100%" in text
    assert "linear read-out of the network's last features" in text
    assert "right on 75% of 24 images" in text
    assert "It is not a class of the network itself" in text
    assert f"minimal-images.csv?run={run.short_key}" in text
    assert f"minimal-image-scenes.csv?run={run.short_key}" in text


def test_every_step_is_there_with_its_picture_region_and_score(client, run):
    page = client.get(address(run))
    row = MinimalImage.objects.filter(regions="masks").in_order().first()
    text = page.content.decode()
    for picture in row.pictures:
        assert picture in text
    assert "without &lt;wall&gt;" in text
    assert "<wall>" not in text
    first, second, last = page.context["strips"][0].steps
    assert (first.is_minimal, second.is_minimal, last.loses) == (False, True, True)
    assert second.picture == row.minimal
    assert (round(second.size, 2), second.left, second.score) == (0.3, 0.4, 0.9)
    assert "lost to office" in text
    assert "Keeps oven." in text


def test_scene_and_kind_of_regions_stand_in_the_address(client, run):
    page = client.get(address(run), {"regions": "automatic"})
    assert page.context["choice"].regions == "automatic"
    assert "Keeps half of no object." in page.content.decode()
    assert "?regions=automatic&amp;scene=office" in page.content.decode()
    office = text_of(client, run, scene="office")
    assert "None of the 4 images of this scene that were asked about was named rightly" in office
    assert 'class="strips"' not in office


@pytest.mark.parametrize(
    "query", ["scene=attic", "regions=x", "page=0", "page=x", "page=99999999999", "scene=%00"]
)
def test_what_makes_no_sense_in_the_address_asks_for_nothing(client, run, query):
    page = client.get(f"{address(run)}?{query}")
    assert page.status_code == 200
    assert len(page.context["strips"]) == 2


def test_what_is_left_out_stands_with_its_reason(client, run):
    image = Image.objects.get(image_set=run.image_set, number=9)
    a_minimal_image(run, image, problem="It has <no> mask.", total=0, kept=0, steps=[])
    page = client.get(address(run))
    assert len(page.context["strips"]) == 2
    assert "Image 9: It has &lt;no&gt; mask." in page.content.decode()


def test_images_without_masks_are_shown_without_the_figure(client, run):
    MinimalImage.objects.filter(regions="masks").delete()
    MinimalImage.objects.update(objects_kept={})
    text = text_of(client, run, regions="automatic")
    assert "Which objects a kitchen needs is told by masks" in text
    assert 'class="strips"' in text
    assert "nothing to show here" not in text


def test_only_left_out_images_say_so(client, run):
    MinimalImage.objects.update(problem="Never lost.")
    text = text_of(client, run)
    assert "All 2 images of this scene that were tried are left out" in text
    assert text.count("Never lost.") == 2


def test_a_network_that_gives_no_scores_says_why_there_is_nothing(client, run):
    MinimalImage.objects.all().delete()
    choice = {"readout": "own", "names": [], "problem": "The output is no score."}
    files.write(choice_file(run), json.dumps(choice).encode())
    text = text_of(client, run)
    assert "The output is no score." in text
    assert "This run has no minimal images: the sentence above says why" in text


def test_scenes_without_a_minimal_image_are_rows_of_the_statistic(client, run):
    found = [(w.scene, w.regions, w.asked, w.right, w.images) for w in minimal_images.ways(run)]
    assert found == [
        ("kitchen", "automatic", 20, 18, 1),
        ("kitchen", "masks", 20, 18, 2),
        ("office", "automatic", 4, 0, 0),
        ("office", "masks", 4, 0, 0),
    ]


def test_vowels_have_their_article():
    assert minimal_images.one("art_gallery") == "an art gallery"
    assert minimal_images.one("bed_room") == "a bed room"


def test_strokes_of_the_figure_stand_where_values_lie(run):
    layers = minimal_images.figure(run, "kitchen", "masks", "").spec["layer"]
    [tick] = [layer["mark"] for layer in layers if layer["mark"]["type"] == "tick"]
    assert tick["orient"] == "vertical"


def test_many_images_come_in_pages_and_take_as_many_queries_as_few(
    client, run, django_assert_max_num_queries, monkeypatch
):
    images = Image.objects.filter(image_set=run.image_set, number__gte=2)
    for image in images.order_by("number")[:60]:
        a_minimal_image(run, image)
    with django_assert_max_num_queries(14):
        first = client.get(address(run))
    assert len(first.context["strips"]) == 12
    assert "page=2#images" in first.content.decode()
    last = client.get(address(run), {"page": 6})
    assert [strip.row.image.number for strip in last.context["strips"]] == [60, 61]
