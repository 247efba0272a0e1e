"""The findings page on objects: choosing, what is missing, who may read."""

import re
from html import unescape

import pytest

from analysis.models import ConceptMatch, ImageSet, Network
from tests.analysis.counted import a_counted_run, finished
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ADDRESS = "/findings/net/objects/"


@pytest.fixture
def labelled(settings, tmp_path):
    """A public network with labels by people and a machine; rooms that were counted."""
    settings.MEDIA_ROOT = tmp_path / "media"
    network = rows.network("net", public=True, channels=5)
    for channel, concept in enumerate(("bed", "bed", "oven", "lamp", "wall")):
        rows.label(rows.unit(network, channel=channel), concept)
    rows.label(rows.unit(network, "conv2"), "floor", precision=0.6)
    rows.label(rows.unit(network, "conv2"), "bed", source="machine", origin="m", precision=None)
    finished(a_counted_run(tmp_path, given={"least_scene": 4}, network=network))
    return network


def shown(client, address=ADDRESS, **asked):
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_figures_of_people_s_labels_come_first(client, labelled):
    page = shown(client)
    assert "5 of the 5 units that count stand for 4 objects; most for bed (2)" in page
    assert "4 of 5 objects (80%) are named by at least one unit. Not named: floor." in page
    assert "Units per object and instances in the masks: Pearson" in page
    assert "Units per object and information on the scene, bits: Pearson" in page
    assert "/statistics/correlations.csv?network=net&source=people&image_set=rooms" in page
    assert "/findings/net/matches/?images=rooms" in page
    assert page.count("data-figure=") == 5
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))  # a figure reads its drawing from the element of its name


def test_everything_is_chosen_in_the_address(client, labelled):
    page = shown(client, threshold="0.5", frequency="pixels", informativeness="among")
    assert "stand for 5 objects" in page
    assert "Units per object and pixels in the masks" in page
    assert "Units per object and share of scenes it tells most of" in page
    assert '<option value="pixels" selected>' in page
    page = shown(client, source="machine", layers="conv2", objects="named")
    assert "1 of the 1 units that count stands for 1 object; most for bed (1)." in page
    assert "There are 1 objects that units name" in page
    assert "<option selected>conv2</option>" in page
    assert "made by a machine" in page
    both = shown(client, layers="conv2,conv1")
    assert '<option value="conv1,conv2" selected>conv1, conv2</option>' in both


@pytest.mark.parametrize("nonsense", ["", "x", "\0", "7", "conv1,,"])
def test_nonsense_asks_for_what_is_shown_without_it(client, labelled, nonsense):
    names = ("source", "campaign", "threshold", "images", "frequency", "informativeness", "objects")
    page = shown(client, **dict.fromkeys(names, nonsense))
    assert "5 of the 5 units that count" in page


def test_what_is_missing_says_how_to_get_it(client, researcher, labelled):
    other = rows.network("other", public=True)
    page = shown(client, "/findings/other/objects/")
    assert "No unit of this network has a label yet." in page
    assert "manage.py" not in page
    rows.label(rows.unit(other), "bed")
    ImageSet.objects.update(labels={})
    page = shown(client, "/findings/other/objects/")
    assert "No image set with masks can be shown here" in page
    client.force_login(researcher)
    assert "manage.py add_images NAME FOLDER" in shown(client, "/findings/other/objects/")


def test_a_private_network_is_for_researchers(client, worker_user, labelled):
    Network.objects.update(public=False)
    assert client.get(ADDRESS)["Location"].startswith("/sign-in/")
    client.force_login(worker_user)
    assert client.get(ADDRESS).status_code == 404


def test_it_takes_few_queries_and_what_people_wrote_is_only_words(
    client, labelled, django_assert_max_num_queries
):
    rows.label(rows.unit(labelled, "conv2", 1), "<script>alert(1)</script>")
    Network.objects.update(synthetic=True)
    page = client.get(ADDRESS).content.decode()
    assert "<script>alert" not in page
    assert "synthetic network" in page
    assert ConceptMatch.objects.filter(concept__startswith="<script").exists()
    with django_assert_max_num_queries(14):
        client.get(ADDRESS)
