"""Concepts and scenes: who is called so where, safe for any words, of what one may read only."""

import csv
from collections import Counter

import pytest

from analysis.models import ClassScore, Image, ImageSet, Network, Unit
from analysis.services import semantics
from analysis.services.figure_links import concept_page, scene_page
from analysis.services.figures import Missing
from analysis.services.registering import check_slug
from analysis.services.semantics import UnitLabel
from tests.annotate import factories
from tests.pages.minimal_rows import a_simplified_run

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ODD = [
    "white/black", "/", "//x", "..", "../..", "a/../b", "./x", "100%", "what? #1", "a&b=c;d",
    "’s \\ x", "床", "סלון ירוק", "<script>alert(1)</script>", '"><img src=x>', "a\nb", "x" * 80,
    "e\u0301", "%2e%2e", "{{ x }}", " b", "b/", "café/crème",
]  # fmt: skip


def named(run, channel, concept, source="people", **more):
    """Label a unit of the first layer."""
    unit = Unit.objects.get(layer__network=run.network, layer__name="conv1", channel=channel)
    label = UnitLabel(concept, more.pop("category", "object"), more.pop("precision", 0.5), **more)
    return semantics.record(unit=unit, source=source, origin=source, run=None, label=label)


@pytest.fixture
def run():
    """A finished run of a public network."""
    run = factories.a_finished_run(units=4)
    Network.objects.filter(pk=run.network_id).update(public=True)
    return run


@pytest.fixture
def private():
    """A finished run of another, private network."""
    return factories.a_finished_run(units=2)


def test_all_units_of_a_concept_whatever_its_spelling(client, run, private, researcher):
    named(run, 0, "night stand", precision=0.9, agreement=1.0)
    named(run, 1, "Nightstands", "machine", precision=None, category="")
    named(run, 1, "wall", "simulated")
    named(run, 2, "bed")
    named(private, 0, "nightstand", precision=0.7)
    unit = Unit.objects.get(layer__network=run.network, channel=1)
    scores = {
        "cap": 1,
        "chance": 0,
        "f1": 0,
        "precision": 0,
        "average_precision": 0,
        "correlation": 0,
    }
    ClassScore.objects.create(
        run=run, unit=unit, rank=0, label=4, name="cabinet", iou=0.25, **scores
    )
    page = client.get("/atlas/concepts/NIGHT-STAND/")
    assert [(str(e.unit), e.sources) for e in page.context["entries"]] == [
        (f"{run.network.slug}/conv1/0", ["people"]), (f"{run.network.slug}/conv1/1", ["machine"]),
    ]  # fmt: skip
    assert private.network.slug not in page.content.decode()
    assert page.content.count(b"/segmented-tile.webp") == 6
    client.force_login(researcher)
    page = client.get("/atlas/concepts/night%20stand/")
    # The figure's numbers, counted anew from the exported table.
    text = b"".join(client.get("/api/v1/exports/units.csv")).decode()
    rows = list(csv.DictReader(text.splitlines()))
    same = [
        row for row in rows if row["concept"].lower().replace(" ", "").rstrip("s") == "nightstand"
    ]
    units = Counter((network, layer) for network, layer, _ in
                    {(row["network"], row["layer"], row["unit"]) for row in same})  # fmt: skip
    figure = page.context["figure"]
    assert {(row["network"], row["layer"]): row["units"] for row in figure.rows} == units
    for row in figure.rows:
        known = [float(one["precision"]) for one in same
                 if one["network"] == row["network"] and one["precision"]]  # fmt: skip
        assert row["precision"] == pytest.approx(sum(known) / len(known))
        assert row["precisions"] == len(known)
    assert {row["network"]: row["iou"] for row in figure.rows}[run.network.slug] == 0.25
    assert "3 units in 2 networks" in figure.answer


def test_a_unit_counts_once_in_the_list_whatever_its_spellings(client, run):
    named(run, 0, "bed")
    named(run, 0, "Beds", "machine")
    named(run, 0, "BED", "published")
    named(run, 1, "bed")
    named(run, 1, "wall", "machine")
    named(run, 2, "beds")
    listed = {one.name: one for one in client.get("/atlas/concepts/").context["at"].object_list}
    assert {name: one.units for name, one in listed.items()} == {"bed": 3, "wall": 1}
    assert dict(listed["bed"].spelt) == {"bed": 2, "Beds": 1, "BED": 1, "beds": 1}
    assert listed["bed"].also == ["BED", "Beds", "beds"]
    assert len(client.get("/atlas/concepts/bed/").context["entries"]) == 3


def test_what_is_near_in_meaning_stands_apart(client, run):
    for channel, concept in enumerate(("sofa", "couch", "furniture", "lamp")):
        named(run, channel, concept)
    page = client.get("/atlas/concepts/sofa/")
    assert [(one.named.name, one.kin.how.value) for one in page.context["related"]] == [
        ("couch", "synonym"), ("furniture", "general"),
    ]  # fmt: skip
    assert len(page.context["entries"]) == 1


@pytest.mark.parametrize("concept", ODD)
def test_any_words_have_a_page(client, run, concept):
    named(run, 0, concept)
    address = concept_page(concept)
    assert "/../" not in address.partition("?")[0]
    page = client.get(address)
    assert page.status_code == 200
    assert page.context["named"].name == concept
    html = page.content.decode()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    index = client.get("/atlas/concepts/")
    assert index.status_code == 200
    assert address.replace("&", "&amp;") in index.content.decode().replace("&#x27;", "'")


def test_the_list_is_searched_and_says_what_is_missing(client, run, private):
    assert b"has a label yet" in client.get("/atlas/concepts/").content
    named(run, 0, "bed")
    named(run, 1, "Bett")
    named(private, 0, "bedside table")
    names = [one.name for one in client.get("/atlas/concepts/?text=BE").context["at"].object_list]
    assert names == ["bed", "Bett"]
    assert b"is called so" in client.get("/atlas/concepts/?text=%00zzz&page=²").content
    for none in (
        "/atlas/concepts/bedside%20table/",
        "/atlas/concepts/none/",
        "/atlas/concepts/?is=",
    ):
        page = client.get(none)
        assert page.status_code == 404
        assert b"No unit that you may see is called" in page.content
        assert b'class="button" href="/atlas/concepts/"' in page.content
    odd = client.get("/atlas/concepts/", {"is": "<img src=x>"})
    assert "“<bdi>&lt;img src=x&gt;</bdi>”" in odd.content.decode()
    assert client.get("/atlas/concepts/" + "x" * 5000 + "/").status_code == 404
    assert client.post("/atlas/concepts/").status_code == 405
    assert client.post("/atlas/concepts/bed/").status_code == 405


def test_no_network_is_called_like_a_page(client):
    for name in ("concepts", "Scenes"):
        with pytest.raises(ValueError, match="cannot be used"):
            check_slug(name)


def test_a_scene_has_images_detectors_and_minimal_images(client, private):
    run = a_simplified_run()
    private.image_set.scenes = {"kitchen": 3}
    private.image_set.save()
    Image.objects.filter(image_set=run.image_set, number__gte=30).update(scene="office")
    slug = run.image_set.slug
    page = client.get(f"/atlas/scenes/{slug}/kitchen/")
    assert page.status_code == 200
    first = page.context["detectors"].found[0]
    tops = run.top_images.filter(end="top", unit=first.unit)
    inside = sum(top.image.scene == "kitchen" for top in tops.select_related("image"))
    assert (first.share.images, first.share.of) == (inside, 60)
    looked = ", ".join(layer.name for layer in run.layers.order_by("position"))
    assert f"in one run of each network: {looked} of {run.network.slug}. Each" in page.text
    assert first.share.usual == 40 / 1000
    assert first.share.times == pytest.approx(inside / 60 / 0.04)
    assert len(page.context["pictures"]) == 24
    assert all(one.top_image.image.scene == "kitchen" for one in page.context["pictures"])
    informative, needs = page.context["figures"]
    assert isinstance(informative, Missing)
    assert "no masks" in informative.why or "Nobody has counted" in informative.why
    assert needs.name == "kept"
    assert len(page.context["minimal"]) == 2
    assert b"/image-sets/" not in page.content  # the images themselves are researchers' own
    office = client.get(f"/atlas/scenes/{slug}/office/")
    assert isinstance(office.context["figures"][1], Missing)
    index = client.get("/atlas/scenes/").content.decode()
    assert f"/atlas/scenes/{slug}/kitchen/" in index
    assert private.image_set.slug not in index
    for none in (f"{slug}/attic", f"{slug}/", f"{private.image_set.slug}/kitchen", "none/kitchen"):
        assert client.get(f"/atlas/scenes/{none}/").status_code == 404
    assert client.post(f"/atlas/scenes/{slug}/kitchen/").status_code == 405


@pytest.mark.parametrize(
    "scene", ["a/b", "..", "<script>alert(1)</script>", "a\nb", "100% ?#&", "台所"]
)
def test_any_scene_has_a_page(client, run, scene):
    ImageSet.objects.filter(pk=run.image_set_id).update(scenes={scene: 5, "other": 1})
    Image.objects.filter(image_set=run.image_set, number__lt=40).update(scene=scene)
    page = client.get(scene_page(run.image_set.slug, scene))
    assert (page.status_code, page.context["scene"]) == (200, scene)
    assert b"<script>alert" not in page.content
    assert client.get("/atlas/scenes/").status_code == 200


def test_a_scene_that_nothing_came_from_says_so(client, run, researcher):
    ImageSet.objects.filter(pk=run.image_set_id).update(scenes={"attic": 5}, count=0)
    page = client.get(f"/atlas/scenes/{run.image_set.slug}/attic/")
    assert b"No picture of this scene" in page.content
    assert b"No unit of a readable network" in page.content
    client.force_login(researcher)
    assert client.get(f"/atlas/scenes/{run.image_set.slug}/attic/").status_code == 200
