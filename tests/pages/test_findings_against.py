"""The comparison page: whom, sections, concepts side by side, and what is missing."""

from html import unescape

import pytest

from analysis.models import Network, Run, UnitSemantics
from analysis.services import comparisons
from analysis.services.comparables import COMPARABLES
from tests.analysis.against import two_networks
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
ADDRESS = "/findings/one/against/"


@pytest.fixture
def both(settings, tmp_path):
    """Two public networks with something of every finding."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return two_networks()


def shown(client, status=200, **asked):
    answer = client.get(ADDRESS, asked)
    assert answer.status_code == status
    return unescape(answer.content.decode())


def test_it_is_linked_from_every_page_and_begins_with_what_both_have(client, both):
    assert f'href="{ADDRESS}"' in client.get("/findings/one/fields/").content.decode()
    page = shown(client)
    assert '<option value="two" selected>two</option>' in page
    assert "Do other levels of meaning emerge in one than in two?" in page
    assert "after Holm’s correction for the" in page
    assert page.count('aria-current="page"') == 4  # the room, crumbs, page, section


@pytest.mark.parametrize("section", [tab.name for tab in comparisons.sections()])
def test_every_section_shows_both_with_rows_to_keep(client, both, section):
    page = shown(client, other="two", tab=section)
    names = [name for name, one in COMPARABLES.items() if one.tab == section]
    for name in names:
        assert f"/statistics/{name}.csv?" in page
        assert COMPARABLES[name].question.format(first="one", second="two") in page
    assert "table=differences" in page
    assert "table=rows" in page
    if section not in {"meanings", "concepts", "objects"}:
        for run in Run.objects.all():
            assert f"run {run.short_key} over 100 images of rooms" in page


def test_the_section_is_also_a_choice_of_the_form_and_long_tables_are_folded(client, both):
    page = shown(client, other="two", tab="meanings")
    form = page.split('aria-label="What to compare"')[1].split("</form>")[0]
    assert form.count('name="tab"') == 1
    assert '<option value="meanings" selected>Meanings</option>' in form
    assert page.count("Show all 18 rows") == 2  # by answer, and by unit
    assert page.count('<details class="rest">') == 2


def test_it_opens_with_the_first_section_that_shows_something(client, both):
    """Of a machine's labels alone no group is known: Meanings would be empty."""
    UnitSemantics.objects.update(source="machine", category="", precision=None, details={})
    answer = client.get(ADDRESS)
    assert answer.context["section"].name == "concepts"
    assert "Which concepts have more units in one or in two?" in unescape(answer.content.decode())
    empty = client.get(ADDRESS, {"tab": "meanings"})
    assert empty.context["section"].name == "meanings"
    why = "The labels of one and two are a machine’s, which says neither group nor precision:"
    assert all(figure.why.startswith(why) for figure in empty.context["figures"])
    UnitSemantics.objects.all().delete()
    Run.objects.all().delete()
    assert client.get(ADDRESS, {"other": "two"}).context["section"].name == "meanings"


def test_concepts_of_both_are_filtered_and_come_in_pages(client, both, monkeypatch):
    asked = {"tab": "concepts", "threshold": "0", "other": "two"}
    answer = client.get(ADDRESS, asked)
    assert [pair.concept for pair, _ in answer.context["pairs"]] == [
        "bed",
        "sofa",
        "lamp",
        "stripes",
    ]
    page = unescape(answer.content.decode())
    assert "/atlas/one/conv1/0/" in page
    assert "/atlas/two/conv2/" in page
    assert page.count("only in two") == 2  # the filter, and stripes
    assert "precision 0." in page
    assert "lamp" not in shown(client, **asked, which="second").split('id="concepts"')[1]
    assert "No concept is like that." in shown(client, **asked, text="zebra")
    monkeypatch.setattr("analysis.views.findings_against.PAGE", 3)
    second = client.get(ADDRESS, asked | {"page": "2"})
    assert [pair.concept for pair, _ in second.context["pairs"]] == ["stripes"]
    for odd in ("x", "-1", "9" * 30, "\0"):
        shown(client, **asked | {"page": odd, "text": odd, "which": odd, "tab": "concepts"})


def test_another_that_is_private_answers_as_one_that_is_not_there(client, researcher, both):
    Network.objects.filter(slug="two").update(public=False)
    hidden, missing = shown(client, 404, other="two"), shown(client, 404, other="none")
    assert "There is no network called “two” that you may see" in hidden
    assert hidden.replace("“two”", "“none”") == missing
    for odd in ("\0", "<b>", "x" * 500):
        assert client.get(ADDRESS, {"other": odd}).status_code in {200, 404}
    page = shown(client)
    assert "There is no other network with findings that you may see yet." in page
    assert "add_network" not in page
    client.force_login(researcher)
    assert "Do other levels of meaning emerge in one than in two?" in shown(client, other="two")


def test_a_private_network_is_for_researchers(client, worker_user, both):
    Network.objects.filter(slug="one").update(public=False)
    assert client.get(ADDRESS)["Location"].startswith("/sign-in/")
    client.force_login(worker_user)
    assert client.get(ADDRESS).status_code == 404
    assert client.post(ADDRESS).status_code == 405


def test_what_one_lacks_is_said(client, both):
    rows.network("bare", public=True)
    page = shown(client, other="bare", tab="detectors")
    assert "bare has no run that has finished the step dissect" in page
    assert "No unit of bare has a label" in shown(client, other="bare")
    page = shown(client, other="one", tab="fields")
    assert "there is no other that has finished the step locate" in page


def test_it_takes_few_queries_however_many_units(client, both, django_assert_max_num_queries):
    client.get(ADDRESS)
    with django_assert_max_num_queries(24):
        client.get(ADDRESS, {"tab": "concepts", "other": "two", "threshold": "0"})
