"""The start page: landing for nobody, campaigns for a worker, the console for a researcher."""

import pytest

from analysis.models import Job, Shard
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ASKED_BY_HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/"}


def test_nobody_reads_what_it_is_and_sees_public_networks_only(client):
    factories.NetworkFactory(slug="private-net")
    factories.NetworkFactory(slug="open-net", public=True)
    factories.open_small_campaign(title="A secret campaign")
    page = client.get("/").content.decode()
    assert "Sign in" in page
    assert "open-net" in page
    assert "private-net" not in page
    assert "secret campaign" not in page


def test_a_worker_is_led_to_what_he_can_label(client, worker_user):
    client.force_login(worker_user)
    assert client.get("/")["Location"] == "/label/"


def test_empty_columns_teach(client, researcher):
    client.force_login(researcher)
    page = client.get("/").content.decode()
    assert "Begin with a trained network" in page
    assert "It needs a network and an image set first" in page
    assert "It needs a finished run first" in page
    assert "hx-trigger" not in page


def test_each_card_says_its_state_and_next_step(client, researcher):
    factories.open_small_campaign(units=2, title="First look")
    drawn, bare = {"steps": ["scan", "segment"]}, {"steps": ["scan"], "layers": ["conv1"]}
    factories.RunFactory(network=factories.NetworkFactory(slug="done-net"), recipe=drawn)
    factories.RunFactory(network=factories.NetworkFactory(slug="bare-net"), recipe=bare)
    factories.LayerFactory(network=factories.NetworkFactory(slug="fresh-net"), channels=7)
    factories.NetworkFactory(slug="broken-net", state="failed", error="no such file")
    factories.NetworkFactory(slug="new-net", state="waiting")
    factories.ImageSetFactory(slug="photos", count=12345, refused=3, scenes={"a": 1})
    client.force_login(researcher)
    page = client.get("/").content.decode()
    assert "0 of 6 answers · 0 of 2 units complete" in page
    assert "1 layer, 7 units" in page
    assert 'It could not be inspected: <span lang="en">no such file</span>' in page
    assert "Waiting for a worker to find its layers" in page
    assert "12,345 images, 1 scene" in page
    assert "3 refused" in page
    assert "scan · conv1" in page
    console = client.get("/").context["console"]
    assert {card.network.slug for card in console.networks if card.wants_run} == {"fresh-net"}
    assert [card.run.network.slug for card in console.runs if card.wants_campaign] == ["done-net"]


def a_running_run():
    """Return a run whose scan has done 5 of 30 images."""
    run = factories.RunFactory(state="running", finished_at=None)
    job = Job.objects.create(
        run=run, step="scan", position=0, queue="gpu", state="running", total=30
    )
    Shard.objects.create(job=job, number=0, first=0, last=30, state="running", done=5)
    return run


def test_bars_are_live_while_something_runs_and_rest_afterwards(client, researcher):
    run = a_running_run()
    client.force_login(researcher)
    assert "every 3s" in client.get("/").content.decode()
    part = client.get("/", headers=ASKED_BY_HTMX).content.decode()
    assert part.lstrip().startswith('<div id="console"')
    assert "5 of 30 images" in part
    assert "every 3s" in part
    run.state = "done"
    run.save()
    assert "hx-trigger" not in client.get("/", headers=ASKED_BY_HTMX).content.decode()


def test_open_campaigns_are_looked_at_now_and_then(client, researcher):
    campaign = factories.open_small_campaign(units=1)
    client.force_login(researcher)
    assert "every 15s" in client.get("/").content.decode()
    campaign.tasks.update(answers_given=3)
    page = client.get("/").content.decode()
    assert "hx-trigger" not in page
    assert "See the labels" in page


def test_a_fragment_after_the_session_ended_sends_the_page_to_sign_in(client, db):
    response = client.get("/", headers=ASKED_BY_HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (401, "/sign-in/?next=/")


def test_the_page_and_its_fragment_are_told_apart_by_caches(client, researcher):
    client.force_login(researcher)
    response = client.get("/")
    assert "HX-Request" in response["Vary"]
    assert "no-store" in response["Cache-Control"]


def test_many_things_take_few_queries_and_older_ones_are_counted(
    client, researcher, django_assert_max_num_queries
):
    for _ in range(23):
        factories.RunFactory()
    client.force_login(researcher)
    with django_assert_max_num_queries(15):
        page = client.get("/").content.decode()
    assert "3 older ones" in page


def test_it_is_only_read(client, researcher):
    client.force_login(researcher)
    assert client.post("/").status_code == 405
