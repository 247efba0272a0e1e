"""Units with a label are counted alike on every page, and each says whose labels it counts."""

from html import unescape

import pytest

from tests.analysis.counted import a_room_set
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


@pytest.fixture
def networks(settings, tmp_path):
    """Two public networks; of the first people label two units, a machine three, one is both's."""
    settings.MEDIA_ROOT = tmp_path / "media"
    images = a_room_set(tmp_path / "rooms")
    made = [rows.network(slug, public=True, channels=6) for slug in ("one", "two")]
    machine = {"source": "machine", "category": "", "precision": None, "answers": 0}
    for network in made:
        rows.run(network, images)
        for channel, origin in ((0, "first"), (1, "second")):
            rows.label(rows.unit(network, channel=channel), "bed", origin=origin)
    for channel in (1, 2, 3):
        rows.label(rows.unit(made[0], channel=channel), "bed", origin="m", **machine)
    rows.label(rows.unit(made[0], channel=0), "lamp", origin="third", source="people")
    return made


def read(client, address, **asked):
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_console_and_atlas_count_what_anyone_labelled(client, researcher, networks):
    atlas = read(client, "/atlas/one/")
    assert "4 units have a label by anyone: 2 by people, 3 by a machine." in atlas
    assert "A unit may have labels by several." in atlas
    assert "A unit may have labels by several." not in read(client, "/atlas/two/")
    assert "4/12" in read(client, "/units/one/")
    client.force_login(researcher)
    assert "4 of 12 units with a label by anyone" in read(client, "/")


@pytest.mark.parametrize("tab", ["meanings", "objects"])
def test_a_page_of_one_source_says_how_many_there_are_beside(client, networks, tab):
    address = f"/findings/one/{tab}/"
    assert "2 units with a label by people, of 4 with a label by anyone" in read(client, address)
    machine = read(client, address, source="machine")
    assert "3 units with a label by a machine, of 4 with a label by anyone" in machine
    named = read(client, address, campaign="second")
    assert "1 unit with a label by people (second), of 4 with a label by anyone" in named
    alone = read(client, f"/findings/two/{tab}/")
    assert "2 units with a label by people" in alone
    assert "with a label by anyone" not in alone


def test_both_sides_of_a_comparison_say_it_too(client, networks):
    page = read(client, "/findings/one/against/", other="two", tab="meanings")
    assert "2 units with a label by people, of 4 with a label by anyone" in page
    assert "two</strong>: 2 units with a label by people<" in page
