"""How a network is cited: on its page, by API, changed by its researcher; nothing runs in TeX."""

import pytest

from analysis.models import Network
from analysis.services import citations
from analysis.services.citations import CitationRefused, checked, doi_address
from tests.annotate import factories

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
GIVEN = {
    "authors": "Noether, Emmy; T{u}ring & Söhne",
    "doi": "https://doi.org/10.5281/zenodo.12_34",
    "version": "2.0",
    "cite_as": "First line\n<script>alert(1)</script>",
}


@pytest.fixture
def run(researcher):
    """A finished run of Bob's public network."""
    run = factories.a_finished_run(units=1)
    Network.objects.filter(pk=run.network_id).update(created_by=researcher, public=True)
    return run


def test_what_its_researcher_says_is_shown_and_escaped(client, run, researcher, other_researcher):
    slug = run.network.slug
    form = f"/networks/{slug}/citation/"
    client.force_login(other_researcher)
    assert client.post(form, GIVEN).status_code == 403
    client.force_login(researcher)
    assert client.get(form).status_code == 200
    for _ in range(2):  # twice is once
        assert client.post(form, GIVEN)["Location"] == f"/atlas/{slug}/"
    assert b"Noether" in client.get(form).content
    client.logout()
    page = client.get(f"/atlas/{slug}/").content.decode()
    assert 'href="https://doi.org/10.5281/zenodo.12_34"' in page
    assert "<script>alert" not in page
    told = citations.citation(Network.objects.get(slug=slug), "http://testserver/atlas/x/")
    date = f"{run.finished_at.day} {run.finished_at:%B %Y}"
    assert told.plain == (
        f"Noether, Emmy; T{{u}}ring & Söhne. What the units of {slug} see, version 2.0. {date}."
        " https://doi.org/10.5281/zenodo.12_34. Made with Unitscope 0.1.0, from run"
        f" {run.short_key}."
    )
    assert (
        "  author = {Noether, Emmy and T\\textbraceleft{}u\\textbraceright{}ring \\& Söhne},"
        in told.bibtex
    )
    assert "  doi = {10.5281/zenodo.12\\_34}," in told.bibtex
    assert balanced(told.bibtex)
    found = client.get(f"/api/v1/networks/{slug}/").json()
    assert found["doi"] == "10.5281/zenodo.12_34"
    assert (found["version"], found["authors"]) == ("2.0", GIVEN["authors"])


def balanced(text):
    """Tell whether all braces that TeX counts are closed."""
    depth = 0
    for char in text:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    return depth == 0


@pytest.mark.parametrize(
    "author", ["}", "{", "\\", "\\input{x}", "%", "a # b $ c ^ d ~ e", "}}}\\"]
)
def test_nothing_in_a_field_means_anything_to_tex(run, author):
    run.network.authors = author
    told = citations.citation(run.network, "http://testserver/{x}/").bibtex
    assert balanced(told)
    assert "\\input" not in told


def test_a_network_without_anything_is_cited_too(client, run):
    page = client.get(f"/atlas/{run.network.slug}/").content.decode()
    assert "What the units of" in page
    assert "doi.org" not in page
    assert "author =" not in page


@pytest.mark.parametrize("doi", ["10.5281/zenodo.1", "10.1000.10/182", "doi: 10.1/x"])
def test_good_and_bad_dois(doi):
    number = doi.removeprefix("doi: ")
    if number.startswith("10.1/"):
        with pytest.raises(CitationRefused, match="no DOI"):
            checked({"doi": doi})
    else:
        assert checked({"doi": f"  https://dx.doi.org/{number} "})["doi"] == number


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("doi", "javascript:alert(1)"), ("doi", "https://evil.example/10.5281/x"),
        ("doi", "10.5281/a b"), ("doi", '10.5281/"><script>'), ("doi", "10.5281"),
        ("doi", "10.5281/" + "x" * 300), ("authors", "x" * 501), ("authors", "a\nb"),
        ("authors", "a\u202eb"), ("version", "1\t2"), ("cite_as", "x" * 2001),
        ("cite_as", "a\u0007b"),
    ],
)  # fmt: skip
def test_bad_fields_are_refused_beside_themselves(client, run, researcher, field, value):
    client.force_login(researcher)
    page = client.post(f"/networks/{run.network.slug}/citation/", {field: value})
    assert (page.status_code, page.context["wrong"]) == (422, field)
    run.network.refresh_from_db()
    assert getattr(run.network, field) == ""


def test_an_address_of_a_doi_is_a_path_of_the_resolver():
    assert doi_address("10.1234/a?b#c'%é") == "https://doi.org/10.1234/a%3Fb%23c%27%25%C3%A9"
    assert doi_address("") == ""
