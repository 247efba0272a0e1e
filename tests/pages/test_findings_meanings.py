"""The findings page on meanings: choosing, what is missing; networks without weights everywhere."""

import io
from html import unescape

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from analysis.models import Network, UnitSemantics
from analysis.services import figure_origins, label_choices
from tests.annotate import factories
from tests.annotate.released import release
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
SENTENCE = "known from published answers only"


@pytest.fixture
def labelled():
    """A public network with labels by people and by a machine, two campaigns."""
    network = rows.network("net", public=True)
    word = {"worker": "a", "concept": "bed", "category": "object", "same_concept_as": 0}
    words = [{**word, "precision": 0.9}, {**word, "worker": "b", "precision": 0.6}]
    rows.label(rows.unit(network), "bed", origin="first", details={"words": words})
    rows.label(rows.unit(network, channel=1), "bed", origin="second", precision=0.5)
    rows.label(rows.unit(network), "bed", source="machine", origin="m", category="", answers=0)
    return network


@pytest.fixture
def places(tmp_path):
    """A public network without weights."""
    path = release(tmp_path / "answers.mat")
    call_command("import_answers", path, network="places", format="zhou2015", stdout=io.StringIO())
    Network.objects.update(public=True)
    return Network.objects.get()


def shown(client, address="/findings/net/meanings/", **asked):
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_it_is_the_first_finding_of_a_network_with_labels(client, labelled):
    assert client.get("/findings/net/")["Location"] == "/findings/net/meanings/"


def test_people_s_labels_are_shown_by_answer_first(client, labelled):
    page = shown(client)
    assert "In conv1 the commonest group is objects (1 of 1 answers)." in page
    assert "1 of 2 units (50%) have a precision above 0.75; the mean is 0.70." in page
    assert "/statistics/categories.csv?network=net&source=people&threshold=0.75" in page
    assert "/statistics/agreement.csv?network=net&source=people" in page
    assert '<option value="people" selected>people</option>' in page


def test_labels_that_say_a_group_come_before_a_machine_s_unless_it_is_asked_for(client, labelled):
    """A machine is trusted before simulated workers, but would leave these figures empty."""
    UnitSemantics.objects.filter(source="people").update(source="simulated")
    page = shown(client)
    assert "In conv1 the commonest group is objects (1 of 1 answers)." in page
    assert '<option value="simulated" selected>' in page
    assert label_choices.labels_chosen(labelled, {}).wanted.source == "machine"
    origin = figure_origins.of_page("meanings", labelled, {})
    assert "labels by simulated workers" in origin
    assert "None of these labels says which group it is of" in shown(client, source="machine")
    UnitSemantics.objects.exclude(source="machine").delete()
    assert "None of these labels says which group it is of" in shown(client)


def test_threshold_campaign_source_and_unit_are_chosen_in_the_address(client, labelled):
    page = shown(client, by="unit", threshold="0.4")
    assert "objects (2 of 2 units)" in page
    assert 'value="0.4"' in page
    page = shown(client, campaign="first", by="unit")
    assert "1 of 1 units (100%)" in page
    assert "campaign=first" in page
    page = shown(client, source="machine")
    assert "made by a machine" in page
    assert "None of these labels says which group it is of" in page
    assert "No unit has two answers" in page
    assert "count them by unit" in shown(client, source="machine", by="answer")


@pytest.mark.parametrize("threshold", ["", "half", "7", "nan", "\0", "-1", "1e999"])
def test_nonsense_asks_for_what_is_shown_without_it(client, labelled, threshold):
    page = shown(client, threshold=threshold, source="me", campaign="x", by="y")
    assert 'value="0.75"' in page
    assert "1 of 1 answers" in page


def test_all_below_the_threshold_says_what_to_do(client, labelled):
    assert "No answer has a precision above 1: lower the threshold." in shown(client, threshold="1")


def test_without_labels_it_teaches(client, researcher, labelled):
    rows.network("other", public=True)
    address = "/findings/other/meanings/"
    page = shown(client, address)
    assert "No unit of this network has a label yet." in page
    assert "manage.py" not in page
    client.force_login(researcher)
    page = shown(client, address)
    assert "manage.py open_campaign NAME --network other" in page
    assert "manage.py import_answers FILE --network other" in page


def test_a_private_network_is_for_researchers(client, worker_user, labelled):
    Network.objects.update(public=False)
    assert client.get("/findings/net/meanings/")["Location"].startswith("/sign-in/")
    client.force_login(worker_user)
    assert client.get("/findings/net/meanings/").status_code == 404


def test_synthetic_and_simulated_say_so(client, labelled):
    rows.label(rows.unit(labelled), source="simulated", origin="play")
    Network.objects.update(synthetic=True)
    page = shown(client, source="simulated")
    assert page.count("simulated workers · synthetic network") == 5  # figures, and examples
    assert "synthetic network" in shown(client)


def test_it_takes_few_queries(client, labelled, django_assert_max_num_queries):
    # One of them: which dissections may be named; another: how many units have a label by anyone.
    with django_assert_max_num_queries(8):
        shown(client)


PAGES = (
    "/atlas/",
    "/atlas/places/",
    "/atlas/places/pool5/",
    "/atlas/places/pool5/0/",
    "/findings/places/meanings/",
    "/findings/places/fields/",
    "/try/places/",
)


@pytest.mark.parametrize("address", PAGES)
def test_every_page_says_that_a_network_is_known_from_answers_only(client, places, address):
    page = shown(client, address)
    assert "published answers only" in page
    assert "manage.py analyze" not in page
    assert "sees the whole image" not in page


def test_the_console_and_its_own_page_offer_no_run(client, researcher, places):
    client.force_login(researcher)
    for address in ("/", "/networks/places/"):
        page = shown(client, address)
        assert "published answers only" in page
        assert f"{reverse('analysis:run_new')}?network=places" not in page
        assert "Browse units" in page
    assert "0 × 0" not in page


def test_wherever_a_run_is_asked_for_a_sentence_says_why_not(client, researcher, places):
    images = factories.ImageSetFactory()
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("analyze", "places", images.slug)
    with pytest.raises(CommandError, match=SENTENCE):
        call_command("open_campaign", "c", network="places", images=images.slug)
    client.force_login(researcher)
    asked = {"network": "places", "image_set": images.slug}
    body = client.post("/api/v1/runs/", asked, content_type="application/json")
    assert body.status_code == 400
    assert SENTENCE in body.content.decode()
    factories.NetworkFactory(slug="real")
    answer = client.post("/runs/new/", asked | {"layers": "pool5"})
    assert answer.status_code == 422
    assert "without weights here (known from published answers" in unescape(answer.content.decode())
