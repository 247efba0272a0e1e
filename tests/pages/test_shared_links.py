"""Links that show a private network: made, opened, revoked; and attacked in every way known."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.models import Network, SharedLink, Unit
from analysis.services import semantics, sharing
from analysis.services.detector_findings import untrained_run
from analysis.services.semantics import UnitLabel
from annotate.models import Campaign
from annotate.services.campaigns import CannotOpen
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def run(researcher):
    """A finished run of Bob's private network, with a label."""
    return a_run(researcher, "bed")


@pytest.fixture
def other(researcher):
    """Another private network of his."""
    return a_run(researcher, "lamp")


def a_run(user, concept):
    """Return a finished run of a private network of somebody's."""
    run = factories.a_finished_run(units=2)
    Network.objects.filter(pk=run.network_id).update(created_by=user)
    type(run.image_set).objects.filter(pk=run.image_set_id).update(scenes={"kitchen": 80})
    unit = Unit.objects.filter(layer__network=run.network).order_by("channel").first()
    words = [{"worker": "calm-fox-1", "concept": concept}]
    label = UnitLabel(concept, "object", 0.9, answers=3, details={"words": words})
    semantics.record(unit=unit, source="people", origin="rooms", run=run, label=label)
    run.network.refresh_from_db()
    return run


def a_link(run, user, days=30):
    """Return a link's row and the address that was shown, made on the page."""
    client = Client()
    client.force_login(user)
    page = client.post(f"/networks/{run.network.slug}/links/", {"name": "Ada", "days": str(days)})
    assert page.status_code == 200
    address = page.context["address"]
    assert address in page.content.decode()
    assert address not in client.get(f"/networks/{run.network.slug}/links/").content.decode()
    return page.context["made"], address.removeprefix("http://testserver")


def opened(address):
    """Return a stranger's browser that has opened the link."""
    client = Client()
    assert client.get(address).status_code == 302
    return client


def readable(network):
    """Return what a reader of a network reads."""
    slug = network.slug
    return [
        f"/atlas/{slug}/", f"/atlas/{slug}/conv1/", f"/atlas/{slug}/conv1/0/",
        f"/findings/{slug}/meanings/", f"/findings/{slug}/segments/",
        f"/api/v1/networks/{slug}/", f"/api/v1/units/{slug}/conv1/0/",
        f"/api/v1/units/{slug}/conv1/0/top-images/", f"/api/v1/exports/units.csv?network={slug}",
        f"/api/v1/statistics/categories/?network={slug}&source=people",
        f"/api/v1/statistics/segments.csv?run={network.runs.get().short_key}",
    ]  # fmt: skip


def closed(client, network):
    """Tell whether somebody reads nothing of a network."""
    answers = {client.get(address).status_code for address in readable(network)}
    assert answers in ({200}, {302, 404})  # all of it or nothing
    return 200 not in answers


def test_a_link_opens_one_network_for_reading(run, other, researcher):
    link, address = a_link(run, researcher)
    client = Client()
    answer = client.get(address)
    assert answer["Location"] == f"/atlas/{run.network.slug}/"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    cookie = answer.cookies[sharing.COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    for read in readable(run.network):
        assert client.get(read).status_code == 200, read
    page = client.get(f"/atlas/{run.network.slug}/").content.decode()
    assert "by a link that was sent to you" in page
    assert 'content="noindex, nofollow"' in page
    assert address.split("=")[1] not in page
    assert closed(client, other.network)
    link.refresh_from_db()
    assert (link.opened, link.last_opened_at is not None) == (1, True)
    secret = address.split("=")[1]
    assert link.digest == sharing.digest_of(secret)
    assert secret not in str(vars(link))


def test_lists_and_tables_hold_the_one_network_only(run, other, researcher):
    client = opened(a_link(run, researcher)[1])
    slug, hidden = run.network.slug, other.network.slug
    for address in (
        "/atlas/", "/atlas/concepts/", "/atlas/scenes/", "/api/v1/networks/", "/api/v1/layers/",
        "/api/v1/units/", "/api/v1/exports/units.csv", "/api/v1/exports/units.jsonl",
    ):  # fmt: skip
        answer = client.get(address)
        told = b"".join(answer) if answer.streaming else answer.content
        assert hidden.encode() not in told, address
        assert b"calm-fox-1" not in told
        assert other.image_set.slug.encode() not in told
    assert slug in client.get("/api/v1/networks/").content.decode()
    assert client.get("/atlas/concepts/bed/").status_code == 200
    assert client.get("/atlas/concepts/lamp/").status_code == 404
    assert client.get(f"/atlas/scenes/{run.image_set.slug}/kitchen/").status_code == 200
    assert client.get(f"/atlas/scenes/{other.image_set.slug}/kitchen/").status_code == 404


def test_words_of_single_workers_stay_hidden(run, researcher):
    client = opened(a_link(run, researcher)[1])
    slug = run.network.slug
    for address in (f"/atlas/{slug}/conv1/0/", f"/api/v1/units/{slug}/conv1/0/"):
        assert b"calm-fox-1" not in client.get(address).content


@pytest.mark.parametrize("signed_in", [False, True])
def test_it_gives_nothing_else(run, researcher, worker_user, signed_in):
    client = opened(a_link(run, researcher)[1])
    if signed_in:
        client.force_login(worker_user)
    slug, key = run.network.slug, run.short_key
    for address in (
        "/admin/", f"/networks/{slug}/", f"/networks/{slug}/links/", f"/networks/{slug}/citation/",
        f"/runs/{key}/", f"/image-sets/{run.image_set.slug}/", "/runs/new/", "/api/v1/runs/",
        f"/api/v1/runs/{key}/", f"/image-sets/{run.image_set.slug}/0.webp", f"/try/{slug}/",
        "/api/v1/image-sets/", "/api/v1/campaigns/",
    ):  # fmt: skip
        assert client.get(address).status_code in {302, 401, 403, 404}, address
    for address in (
        f"/networks/{slug}/public/", f"/networks/{slug}/delete/", f"/networks/{slug}/links/",
        f"/networks/{slug}/citation/", f"/findings/{slug}/matches/", f"/try/{slug}/",
        f"/api/v1/networks/{slug}/detect/", "/api/v1/networks/", "/api/v1/runs/",
        "/api/v1/matches/", f"/api/v1/runs/{key}/cancel/",
    ):  # fmt: skip
        assert client.post(address, {"public": "yes"}).status_code in {302, 401, 403, 404}, address
    run.network.refresh_from_db()
    assert (run.network.public, SharedLink.objects.count()) == (False, 1)


def test_what_closes_a_link(run, researcher):
    link, address = a_link(run, researcher, days=7)
    client = opened(address)
    assert not closed(client, run.network)
    rows = SharedLink.objects.filter(pk=link.pk)
    # Its time is over.
    past = timezone.now() - timedelta(seconds=1)
    rows.update(created_at=past - timedelta(days=7), expires_at=past)
    assert closed(client, run.network)
    rows.update(expires_at=None)
    # Whoever made it lost the role, the network, the account.
    User.objects.get(pk=researcher.pk).groups.clear()
    assert closed(client, run.network)
    assert Client().get(address).status_code == 404
    User.objects.filter(pk=researcher.pk).update(is_superuser=True)
    assert not closed(client, run.network)
    User.objects.filter(pk=researcher.pk).update(is_active=False)
    assert closed(client, run.network)
    User.objects.filter(pk=researcher.pk).update(is_active=True)
    assert not closed(client, run.network)
    User.objects.filter(pk=researcher.pk).delete()
    assert closed(client, run.network)


def test_revoking_is_for_good_and_written_down(client, run, researcher, other_researcher, admin):
    link, address = a_link(run, researcher)
    reader = opened(address)
    revoke = f"/networks/{run.network.slug}/links/{link.pk}/revoke/"
    assert client.post(revoke)["Location"].startswith("/sign-in/")
    client.force_login(other_researcher)
    assert client.post(revoke).status_code == 403
    client.force_login(researcher)
    assert client.get(revoke).status_code == 405
    assert client.post(revoke.replace(run.network.slug, "none")).status_code == 404
    client.force_login(admin)
    for _ in range(2):  # twice is once
        assert client.post(revoke).status_code == 302
    link.refresh_from_db()
    assert (link.revoked_by, link.created_by) == (admin, researcher)
    assert closed(reader, run.network)
    gone = Client().get(address)
    assert (gone.status_code, b"opens nothing" in gone.content) == (404, True)
    assert gone["Referrer-Policy"] == "no-referrer"
    page = client.get(f"/networks/{run.network.slug}/links/").content.decode()
    assert "revoked on" in page
    assert f"by {admin}" in page


def test_forged_links_open_nothing(run, researcher):
    link, address = a_link(run, researcher)
    secret = address.split("=")[1]
    forged = ["", "x", "x" * 32, secret[:-1], secret + "x", link.digest, link.prefix, "ä" * 32]
    forged += [secret.swapcase(), f"{secret}%00", "%ED%A0%80", str(link.pk)]
    for text in forged:
        assert Client().get(f"/shared/?link={text}").status_code in {400, 404}, text
        client = Client()
        client.cookies[sharing.COOKIE] = text.replace("%00", "0").replace("ä", "a")
        assert closed(client, run.network), text
    assert Client().get("/shared/").status_code == 404
    assert Client().post(address).status_code == 405
    for cookie in (".", "." * 999, ".".join(["y" * 32] * 500), f"{secret}x.{secret[1:]}"):
        client = Client()
        client.cookies[sharing.COOKIE] = cookie
        assert closed(client, run.network)
    # Another link's place in the cookie does not push this one out, and the oldest goes first.
    client = opened(address)
    others = [sharing.make(network=run.network, user=researcher, name="x", days=7)[1] for _ in "ab"]
    for one in others:
        client.get(f"/shared/?link={one}")
    assert client.cookies[sharing.COOKIE].value.split(".") == [secret, *others]


def test_only_who_may_change_the_network_makes_links(client, run, researcher, other_researcher):
    address = f"/networks/{run.network.slug}/links/"
    client.force_login(other_researcher)
    assert client.post(address, {"name": "x", "days": "7"}).status_code == 403
    client.force_login(researcher)
    bad = [
        {"name": "", "days": "7"}, {"name": "x" * 81, "days": "7"}, {"name": "a\nb", "days": "7"},
        {"name": "x", "days": "8"}, {"name": "x", "days": "-1"}, {"name": "x", "days": "²"},
        {"name": "x"}, {},
    ]  # fmt: skip
    for sent in bad:
        page = client.post(address, sent)
        assert (page.status_code, b'class="error"' in page.content) == (422, True), sent
    assert not SharedLink.objects.exists()
    evil = client.post(address, {"name": "<script>alert(1)</script>", "days": "0"})
    assert b"<script>alert" not in evil.content
    assert SharedLink.objects.get().expires_at is None


def test_not_while_people_are_asked_and_the_other_way_round(client, run, researcher):
    campaign = factories.open_small_campaign(run=run, slug="first-look", user=researcher)
    client.force_login(researcher)
    address = f"/networks/{run.network.slug}/links/"
    page = client.post(address, {"name": "Ada", "days": "7"})
    assert page.status_code == 422
    assert "People are still asked" in page.content.decode()
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.CLOSED)
    link, _ = a_link(run, researcher)
    with pytest.raises(CannotOpen, match="shared by a link"):
        factories.open_small_campaign(run=run, slug="again")
    client.post(f"{address}{link.pk}/revoke/")
    assert factories.open_small_campaign(run=run, slug="again")


def test_no_other_private_network_is_shown_beside_a_shared_one(run, researcher):
    kind = {"preprocessing": run.network.preprocessing, "requested": {"weights": "random:1"}}
    untrained = factories.RunFactory(
        network=factories.NetworkFactory(slug="untrained", **kind),
        image_set=run.image_set,
        recipe=run.recipe,
    )
    untrained.jobs.create(step="dissect", position=1, queue="cpu", state="done")
    assert untrained_run(run) == untrained
    a_link(run, researcher)
    assert untrained_run(run) is None
    Network.objects.filter(slug="untrained").update(public=True)
    assert untrained_run(run) == untrained
