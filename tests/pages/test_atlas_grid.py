"""The grid of the atlas: filters, search, families, all layers, fetched pages, what is hidden."""

import html
import re

import pytest

from analysis.models import ClassScore, ReceptiveField, Unit
from analysis.services import semantics
from analysis.services.semantics import UnitLabel
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]

WORDS = [{"worker": "quiet-heron-7", "concept": "Möbel “x”"}, {"worker": "w", "concept": "cushion"}]


@pytest.fixture
def run():
    """A finished run over two layers of four units of a public network."""
    run = factories.a_finished_run(units=4, layers=2)
    run.network.public = True
    run.network.save()
    return run


@pytest.fixture
def units(run):
    """Labels, scores and fields: conv1 0 to 3 bed, armchair, stripes, none; conv2 0 red lamp."""
    units = list(Unit.objects.filter(layer__network=run.network).order_by("layer", "channel"))
    label(units[0], "people", "bed", "object", 0.9, agreement=1.0, details={"words": WORDS})
    label(units[1], "published", "armchair", "object", 0.6, agreement=0.5)
    label(units[2], "machine", "stripes", "simple", None)
    label(units[4], "people", "red lamp", "part", 0.4, agreement=0.7)
    label(units[4], "machine", "poodle", "", None)
    for place, iou in enumerate((0.3, 0.2, 0.02)):
        for rank, name in enumerate(("pillow case", "wall")):
            score(run, units[place], rank, name, iou / (rank + 1))
    for place, size in enumerate((20.0, 60.0, 180.0)):
        ReceptiveField.objects.create(run=run, unit=units[place], size=size)
    ReceptiveField.objects.create(run=run, unit=units[3], problem="it never fired")
    return units


def label(unit, source, concept, category, precision, **more):
    """Give a unit a label."""
    given = UnitLabel(concept=concept, category=category, precision=precision, **more)
    semantics.record(unit=unit, source=source, origin=f"by-{source}", run=None, label=given)


def score(run, unit, rank, name, iou):
    """Write how well a class fits a unit."""
    same = dict.fromkeys(("cap", "chance", "f1", "precision", "average_precision"), 0.1)
    return ClassScore.objects.create(
        run=run, unit=unit, rank=rank, label=rank, name=name, iou=iou, correlation=0.1, **same
    )


def everything(run):
    """Return the address of the grid of all layers."""
    return f"/units/{run.network.slug}/"


def found(response):
    """Return the units of a grid as layer's number and channel: 13 is unit 3 of conv1."""
    assert response.status_code == 200
    cards = response.context["cards"]
    return [int(card.unit.layer.name[-1]) * 10 + card.unit.channel for card in cards]


def text_of(response):
    """Return a page's text as it is read."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", response.content.decode())).split())


EVERY = [10, 11, 12, 13, 20, 21, 22, 23]


CASES = [
    ("", EVERY),
    ("category=object&category=part", [10, 11, 20]),
    ("concept=BED", [10]),
    ("concept=furniture", []),
    ("concept=furniture&kinds=true", [10, 11]),
    ("concept=chair&kinds=yes", [11]),
    ("concept=lamps&kinds=true", [20]),  # a phrase goes by its last word
    ("concept=poodle", []),  # people's word on that unit stands before the machine's
    ("concept=poodle&source=machine", [20]),
    ("concept=dog&kinds=true&source=machine", [20]),
    ("min_precision=0.6", [10, 11]),
    ("max_precision=0,6", [11, 20]),
    ("min_precision=.5&max_precision=.8", [11]),
    ("min_agreement=.7", [10, 20]),
    ("min_agreement=.6&max_agreement=.9&category=part", [20]),
    ("min_iou=0.2", [10, 11]),
    ("max_iou=0.1", [12]),
    ("min_field=50&max_field=200", [11, 12]),
    ("min_iou=.1&max_field=30&category=object", [10]),
    ("sort=iou&min_iou=0", [10, 11, 12]),
    ("sort=field&max_field=10000", [12, 11, 10]),
    ("sort=precision&labelled=true", [10, 11, 20, 12]),
    ("labelled=false", [13, 21, 22, 23]),
    ("text=lamp+RED", [20]),  # every word, in any order and case
    ("text=lamp+bed", []),  # but of one text
    ("text=case", [10, 11, 12]),  # a class of the masks
    ("text=poodle", [20]),  # a label that is not the one shown
    ("text=poodle&source=people", []),
    ("text=case&category=object", [10, 11]),
]


def test_filters_find(client, run, units):
    for query, expected in CASES:
        page = client.get(f"{everything(run)}?{query}")
        assert found(page) == expected, query
        assert not page.context["problems"], query
        one = client.get(f"/atlas/{run.network.slug}/conv1/?{query}&part=units")
        assert found(one) == [number for number in expected if number < 20], query


def test_a_measure_is_of_the_newest_finished_run_unless_one_is_named(client, run, units):
    newer = factories.RunFactory(network=run.network, image_set=run.image_set)
    factories.fill_run(newer, run.network.layers.get(name="conv1"))
    going = factories.RunFactory(network=run.network, image_set=run.image_set, state="running")
    score(newer, units[3], 0, "wall", 0.9)
    score(newer, units[0], 0, "wall", 0.05)
    score(going, units[1], 0, "wall", 1.0)
    conv1 = f"/atlas/{run.network.slug}/conv1/?min_iou=.1"
    assert found(client.get(conv1)) == [11, 13]
    assert found(client.get(f"{conv1}&run={run.short_key}")) == [10, 11, 13]
    assert found(client.get(f"{everything(run)}?min_iou=.1")) == [11, 13]
    # Each layer shows the pictures of the run that looked at it last.
    cards = client.get(everything(run)).context["cards"]
    runs = [{segment.top_image.run_id for segment in card.segments} for card in cards]
    assert runs == [{newer.pk}] * 4 + [{run.pk}] * 4


NONSENSE = [
    ("min_precision=abc", "precision", "“abc” is no number from 0 to 1, so it asks for nothing."),
    ("max_precision=1.5", "precision", "“1.5” is no number from 0 to 1"),
    ("min_agreement=nan", "agreement", "“nan” is no number"),
    ("min_iou=-1", "iou", "“-1” is no number"),
    ("max_field=inf", "field", "“inf” is no number from 0 to 10,000"),
    ("min_field=%F0%9F%98%80", "field", "is no number"),
    ("min_iou=" + "9" * 400, "iou", "is no number"),
    ("min_precision=.9&max_precision=.1", "precision", "Nothing is at least 0.9 and at most 0.1"),
    ("category=thing", "category", "“thing” is none of these"),
    ("source=rumour", "source", "“rumour” is none of these"),
    ("labelled=perhaps", "labelled", "“perhaps” is none of these"),
    ("sort=beauty", "sort", "“beauty” is none of these"),
]


def test_nonsense_asks_for_nothing_and_says_so_beside_its_field(client, run, units):
    for query, field, sentence in NONSENSE:
        page = client.get(f"{everything(run)}?{query}")
        assert found(page) == EVERY, query
        assert sentence in page.context["problems"][field]
        assert f'id="{field}-error"' in page.content.decode(), query
        assert sentence in text_of(page), query
        assert not page.context["chips"], query


def test_what_is_too_long_is_cut_and_no_word_of_it_is_code(client, run, units):
    page = client.get(everything(run), {"text": "<b>" + "x" * 200, "concept": "<i>\0"})
    assert "Only the first 80 characters" in page.context["problems"]["text"]
    assert "<b>x" not in page.content.decode()
    assert "<i>" not in page.content.decode()
    assert page.context["wanted"].text == "<b>" + "x" * 77


def test_a_noun_that_wordnet_does_not_know_is_said(client, run, units):
    page = client.get(f"{everything(run)}?concept=blorp&kinds=true")
    assert found(page) == []
    assert "WordNet knows no noun “blorp”" in text_of(page)


def test_the_choice_is_built_of_the_labels_that_are_there(client, run, units):
    page = client.get(f"{everything(run)}?concept=furniture&kinds=true")
    assert page.context["kinds"] == ["armchair", "bed"]
    assert '<option value="armchair">' in page.content.decode()
    assert '<option value="sofa">' not in page.content.decode()
    label(units[5], "people", "chair", "object", 0.5)
    families = dict(client.get(everything(run)).context["families"])
    assert families["furniture"] == 3


def test_filters_are_chips_that_lead_to_the_grid_without_them(client, run, units):
    query = "category=object&category=part&min_iou=.1&max_iou=.9&concept=furniture&kinds=true"
    page = client.get(f"{everything(run)}?{query}&sort=iou&page=7")
    chips = {chip.words: chip.address for chip in page.context["chips"]}
    assert set(chips) == {
        "“furniture” and its kinds", "object", "part", "IoU with its best class 0.1 to 0.9",
    }  # fmt: skip
    without = client.get(chips["“furniture” and its kinds"])
    assert without.context["wanted"].concept == ""
    assert without.context["wanted"].sort == "iou"
    assert list(client.get(chips["object"]).context["wanted"].categories) == ["part"]
    assert "page" not in chips["part"]
    assert "2 units of 8" in text_of(page)
    # The other layers are led to with the same filters.
    assert f"/atlas/{run.network.slug}/conv2/?{query}".replace("&", "&amp;") in (
        page.content.decode()
    )


def test_an_empty_grid_says_what_is_missing(client, run):
    for query, sentence in (
        ("source=simulated", "No simulated workers were asked"),
        ("min_iou=.1", "the step “dissect” does"),
        ("min_field=1", "the step “locate” does"),
        ("category=object", "Nobody has named these units yet: a campaign asks people."),
        ("text=unheard", "No unit of this network is like that."),
    ):
        page = client.get(f"{everything(run)}?{query}")
        assert found(page) == []
        assert sentence in text_of(page)
        assert "Show all units" in text_of(page)


# ---- Pages, with scripts and without ------------------------------------------------------------
def test_pages_are_linked_and_fetched_alone(client, run, units, monkeypatch):
    monkeypatch.setattr("analysis.services.atlas_grid.PAGE", 3)
    whole = [found(client.get(f"{everything(run)}?page={page}")) for page in (1, 2, 3)]
    assert whole == [EVERY[:3], EVERY[3:6], EVERY[6:]]
    first = client.get(f"{everything(run)}?sort=iou").content.decode()
    assert 'data-pages="3" data-count="8" data-size="3"' in first
    assert 'rel="next" href="?sort=iou&amp;page=2"' in first
    alone = client.get(f"{everything(run)}?page=2&part=units")
    assert found(alone) == whole[1]
    text = alone.content.decode().strip()
    assert text.startswith('<div class="units-page" data-page="2">')
    assert "<html" not in text
    assert text.count('class="unit-card"') == 3


def test_queries_do_not_grow_with_filters_or_units(
    client, run, units, researcher, django_assert_max_num_queries
):
    client.force_login(researcher)
    client.get(everything(run))
    with django_assert_max_num_queries(14):
        client.get(everything(run))
    every = (
        "?concept=furniture&kinds=true&category=object&category=part&source=people&text=cushion"
        "&min_precision=.1&max_precision=1&min_agreement=.1&min_iou=.1&min_field=1&sort=field"
    )
    with django_assert_max_num_queries(15):
        assert found(client.get(everything(run) + every)) == [10]
    with django_assert_max_num_queries(10):
        client.get(f"{everything(run)}?part=units")


def test_a_network_without_layers_or_labels_has_a_grid(client, researcher):
    network = factories.NetworkFactory(slug="bare")
    client.force_login(researcher)
    page = client.get("/units/bare/")
    assert found(page) == []
    factories.LayerFactory(network=network, channels=2)
    assert len(found(client.get("/units/bare/"))) == 2
    for address in ("/atlas/", "/atlas/bare/"):
        assert "no picture drawn" in client.get(address).content.decode()


def test_layers_of_a_network_lead_into_the_grid(client, run, units):
    page = client.get(f"/atlas/{run.network.slug}/")
    text = page.content.decode()
    assert f'href="/units/{run.network.slug}/"' in text
    assert f'href="/atlas/{run.network.slug}/conv1/?category=object"' in text
    montages = [segments for _, segments in page.context["rows"]]
    assert [len(segments) for segments in montages] == [4, 4]
    assert "no picture drawn" not in text


# ---- What is hidden ---------------------------------------------------------------------------
def test_words_of_workers_are_searched_for_researchers_only(
    client, run, units, worker_user, researcher
):
    asked = [
        f"{everything(run)}?text={word}" for word in ("cushion", "MÖBEL", "%22x", "quiet-heron")
    ]
    for person in (None, worker_user):
        if person:
            client.force_login(person)
        for address in asked:
            assert found(client.get(address)) == []
            assert "workers’ words" not in client.get(address).content.decode()
    client.force_login(researcher)
    # A pseudonym is no word that anybody wrote.
    assert [found(client.get(address)) for address in asked] == [[10], [10], [], []]
    assert found(client.get(f"{everything(run)}?text=“X”")) == [10]


def test_a_private_network_tells_a_stranger_nothing(client, run, units, worker_user, researcher):
    run.network.public = False
    run.network.save()
    queries = ("", "?text=bed", "?concept=bed&kinds=true", "?min_iou=.1", "?part=units", "?page=2")
    for path in (everything(run), f"/atlas/{run.network.slug}/conv1/"):
        for query in queries:
            missing = path.replace(run.network.slug, "no-such")
            asked = client.get(path + query)
            assert asked["Location"].startswith("/sign-in/")
            assert client.get(missing + query).status_code == asked.status_code
    client.force_login(worker_user)
    for query in queries:
        assert client.get(everything(run) + query).status_code == 404
    client.force_login(researcher)
    assert client.get(everything(run)).status_code == 200
    assert client.post(everything(run)).status_code == 405


def test_concepts_and_counts_are_of_this_network_alone(client, run, units):
    other = factories.a_finished_run(units=2)
    secret = Unit.objects.filter(layer__network=other.network).first()
    label(secret, "people", "secret bed", "object", 0.9)
    for query in ("", "?text=secret", "?concept=furniture&kinds=true", "?concept=secret bed"):
        page = client.get(f"{everything(run)}{query}")
        assert "secret bed" not in re.sub(
            'value="secret bed"|“secret bed”', "", page.content.decode()
        )
        assert not {card.unit.layer.network_id for card in page.context["cards"]} - {run.network.pk}
