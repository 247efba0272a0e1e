"""The atlas: who may read it, filters in the address, cards, one unit, and what is hidden."""

import pytest
from django.utils import timezone

from analysis.models import Job, Run, State, TopImage, Unit
from analysis.services import atlas, semantics
from analysis.services.semantics import UnitLabel
from annotate.services import campaigns
from annotate.services.assignments import claim
from annotate.services.consensus import publish
from annotate.services.publicity import make_private, make_public
from annotate.services.submission import submit
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run() -> Run:
    """A finished run over four units of one layer of a public network."""
    run = factories.a_finished_run(units=4)
    run.network.public = True
    run.network.save()
    return run


@pytest.fixture
def units(run) -> list[Unit]:
    """Its units: 0 a bed by people, 1 a lamp by a machine, 2 both, 3 not labelled."""
    units = list(Unit.objects.filter(layer__network=run.network).order_by("channel"))
    label(units[0], "people", "bed", "object", 0.9)
    label(units[1], "machine", "red lamp", "part", 0.5)
    label(units[2], "machine", "stripes", "simple", 0.3)
    label(units[2], "people", "window", "part", 0.7)
    return units


def label(unit, source, concept, category, precision, **details):
    """Give a unit a label."""
    given = UnitLabel(concept=concept, category=category, precision=precision, details=details)
    semantics.record(unit=unit, source=source, origin=f"by-{source}", run=None, label=given)


def channels(response):
    """Return the channels of the cards on a page, in order."""
    return [card.unit.channel for card in response.context["cards"]]


def layer_page(run):
    """Return the address of the layer."""
    return f"/atlas/{run.network.slug}/conv1/"


def test_labels_without_a_group_are_counted_as_labels(client, run, units):
    """A machine that reads masks says no group."""
    label(units[3], "machine", "wall", "", None)
    [row] = atlas.shares(run.network)
    assert row.labelled == 4
    assert sum(count for _, _, _, count in row.bar) == 3
    html = client.get(f"/atlas/{run.network.slug}/").content.decode()
    assert '<rect x="3" y="0" width="1" height="1"/>' in html  # the bar is full
    assert "4 labelled, 1 without a group (grey)" in html


def test_a_public_atlas_is_read_by_anyone_from_network_to_unit(client, run, units):
    home = client.get("/atlas/")
    assert run.network.slug in home.content.decode()
    page = client.get(f"/atlas/{run.network.slug}/")
    assert page.status_code == 200
    assert page.context["rows"][0][0].counts == {"object": 1, "part": 2}
    assert channels(client.get(layer_page(run))) == [0, 1, 2, 3]
    unit = client.get(f"{layer_page(run)}0/")
    assert unit.status_code == 200
    assert "<h1><bdi>bed</bdi></h1>" in unit.content.decode()
    assert unit.content.count(b"/segmented-tile.webp") == 60


def test_a_private_one_is_there_for_researchers_only(client, run, worker_user, researcher):
    run.network.public = False
    run.network.save()
    addresses = [f"/atlas/{run.network.slug}/", layer_page(run), f"{layer_page(run)}0/"]
    missing = [address.replace(run.network.slug, "no-such-network") for address in addresses]
    # A stranger cannot tell a private network from none at all.
    for address in addresses + missing:
        assert client.get(address)["Location"] == f"/sign-in/?next={address}"
    client.force_login(worker_user)
    for address in addresses + missing:
        assert client.get(address).status_code == 404
    assert run.network.slug not in client.get("/atlas/").content.decode()
    client.force_login(researcher)
    for address, none in zip(addresses, missing, strict=True):
        assert client.get(address).status_code == 200
        assert client.get(none).status_code == 404


@pytest.mark.parametrize(
    "address", ["/atlas/{}/conv9/", "/atlas/{}/conv1/4/", "/atlas/{}/conv9/0/"]
)
def test_what_does_not_exist_is_not_found(client, run, address):
    assert client.get(address.format(run.network.slug)).status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3]),
        ("category=part", [1, 2]),
        ("category=part&category=object", [0, 1, 2]),
        ("category=simple", []),  # people's word on unit 2 stands before the machine's
        ("category=simple&source=machine", [2]),
        ("source=machine", [1, 2]),
        ("source=people", [0, 2]),
        ("source=simulated", []),
        ("labelled=no", [3]),
        ("labelled=no&source=people", [1, 3]),
        ("labelled=yes", [0, 1, 2]),
        ("text=LAMP", [1]),
        ("text=%25", []),
        ("text=%00bed", [0]),
        ("sort=precision", [0, 2, 1, 3]),
        ("sort=level", [1, 2, 0, 3]),
        ("sort=concept", [0, 1, 2, 3]),
        # What makes no sense asks for nothing.
        ("category=x&source=y&labelled=z&sort=w&run=v&page=u", [0, 1, 2, 3]),
        ("page=99999999999999999999", [0, 1, 2, 3]),
        ("page=-1", [0, 1, 2, 3]),
        ("page=²", [0, 1, 2, 3]),
    ],
)
def test_filters_stand_in_the_address(client, run, units, query, expected):
    assert channels(client.get(f"{layer_page(run)}?{query}")) == expected


def test_pages_keep_the_filters(client, run, units, monkeypatch):
    monkeypatch.setattr("analysis.services.atlas_grid.PAGE", 2)
    first = client.get(f"{layer_page(run)}?labelled=yes&sort=precision")
    assert channels(first) == [0, 2]
    assert b"?labelled=yes&amp;sort=precision&amp;page=2" in first.content
    assert channels(client.get(f"{layer_page(run)}?labelled=yes&sort=precision&page=2")) == [1]


def test_a_card_has_the_three_best_segments(client, run, units):
    card = client.get(layer_page(run)).context["cards"][2]
    best = TopImage.objects.filter(run=run, unit=units[2], end="top", rank__lt=3).order_by("rank")
    assert [segment.token for segment in card.segments] == [top.segment.token for top in best]
    assert card.label.concept == "window"


def test_a_layer_takes_few_queries_however_many_units(
    client, run, units, researcher, django_assert_max_num_queries
):
    client.force_login(researcher)
    with django_assert_max_num_queries(13):
        client.get(layer_page(run))


def test_a_network_that_was_never_run_has_a_page(client, researcher):
    layer = factories.LayerFactory(name="conv1", field_size=None)
    client.force_login(researcher)
    for address in ("", "conv1/", "conv1/0/"):
        page = client.get(f"/atlas/{layer.network.slug}/{address}")
        assert page.status_code == 200
    assert b"The whole image" in page.content
    assert b"No finished run has looked" in page.content


def test_another_run_is_shown_when_named(client, run):
    newer = factories.RunFactory(network=run.network, image_set=run.image_set)
    factories.fill_run(newer, run.network.layers.get())
    assert client.get(layer_page(run)).context["run"] == newer
    named = client.get(f"{layer_page(run)}?run={run.short_key}")
    assert named.context["run"] == run
    assert f"/conv1/0/?run={run.short_key}" in named.content.decode()


def test_a_later_run_without_pictures_does_not_take_them_away(client, run):
    Job.objects.get_or_create(run=run, step="segment", state=State.DONE, defaults={"position": 9})
    layer = run.layers.get()
    bare = factories.RunFactory(network=run.network, finished_at=timezone.now())
    bare.layers.add(layer)
    assert list(atlas.runs_to_show(layer)) == [run, bare]
    assert atlas.newest_runs(run.network) == {layer.pk: run}
    page = client.get(f"/atlas/{run.network.slug}/{layer.name}/0/")
    assert page.context["run"] == run


def test_words_of_workers_are_for_researchers_only(client, run, units, worker_user, researcher):
    make_private(run.network)
    campaign = factories.open_small_campaign(run=run)
    worker = factories.a_worker(pseudonym="quiet-heron-7")
    assignment = claim(worker, campaign, timezone.now())
    given = factories.a_given(assignment, concept="pool table")
    submit(assignment, given, timezone.now())
    publish(campaign)
    campaigns.close(campaign)
    make_public(run.network)
    address = f"{layer_page(run)}{assignment.task.unit.channel}/"
    for person in (None, worker_user):
        if person:
            client.force_login(person)
        page = client.get(address).content.decode()
        assert "quiet-heron-7" not in page
        assert "What each worker wrote" not in page
    client.force_login(researcher)
    page = client.get(address)
    assert "quiet-heron-7" in page.content.decode()
    assert {tile["verdict"] for tile in page.context["tiles"]} == {"kept", ""}


def test_rejected_images_are_marked(client, run, units):
    tops = list(TopImage.objects.filter(run=run, unit=units[3], end="top").order_by("rank")[:3])
    votes = {str(top.pk): [1, 3] for top in tops}
    label(units[3], "people", "door", "object", 0.4, votes=votes, kept=[tops[0].pk])
    page = client.get(f"{layer_page(run)}3/")
    verdicts = [tile["verdict"] for tile in page.context["tiles"]]
    assert verdicts[:4] == ["kept", "rejected", "rejected", ""]
    assert page.content.count(b"\xe2\x9c\x95") == 2


def test_neighbours_and_views_are_linked(client, run):
    middle = client.get(f"{layer_page(run)}1/?view=plain").content.decode()
    assert 'rel="prev" href="/atlas/' in middle
    assert "/conv1/0/?view=plain" in middle
    assert "/conv1/2/?view=plain" in middle
    assert "/plain-tile.webp" in middle
    assert "/segmented-tile.webp" not in middle
    assert 'rel="prev"' not in client.get(f"{layer_page(run)}0/").content.decode()
    assert 'rel="next"' not in client.get(f"{layer_page(run)}3/").content.decode()


def test_names_and_words_are_shown_as_text(client, run, units, researcher):
    evil = '<script>alert(1)</script>"><img src=x>'
    label(units[3], "people", evil, "object", 0.4, words=[{"worker": evil, "concept": evil}])
    run.network.note = evil
    run.network.save()
    client.force_login(researcher)
    pages = ["/", "/atlas/", f"/atlas/{run.network.slug}/", layer_page(run), f"{layer_page(run)}3/"]
    for address in [*pages, f"{layer_page(run)}?text={evil}"]:
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("details", [{"words": "x", "votes": {"a": 1}}, {"kept": [], "votes": {}}])
def test_details_of_other_makes_break_nothing(client, run, units, researcher, details):
    label(units[3], "published", "door", "object", 0.4, **details)
    client.force_login(researcher)
    assert client.get(f"{layer_page(run)}3/").status_code == 200
