"""What takes long to count: once for everybody, anew when what it is made of changes."""

import threading
from uuid import uuid4

import pytest
from django.core.cache import caches

from analysis.services import comparing, comparisons, concepts, kept, semantics
from analysis.services.comparison_sides import sides_of
from tests.analysis.against import two_networks
from tests.annotate import factories
from tests.api import rows

OF_BOTH = {"correlations"}  # made of both sides at once: see test_compared_objects.py
CONCEPTS = "/findings/one/against/?other=two&tab=concepts"


def nothing_kept(monkeypatch):
    """Give a test a room of its own for what is kept, in this thread and in those it starts.

    Emptying it is not enough: workers beside it share a Redis, on which they keep the same counts,
    and would find theirs gone.
    """
    room = uuid4().hex
    monkeypatch.setattr(caches["counts"], "key_prefix", room)
    monkeypatch.setitem(caches.settings["counts"], "KEY_PREFIX", room)


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    nothing_kept(monkeypatch)


class Spy:
    """Something that is called in another's place, and counts how often."""

    def __init__(self, monkeypatch, module, name):
        self.calls, self.real = 0, getattr(module, name)
        monkeypatch.setattr(module, name, self)

    def __call__(self, *given):
        self.calls += 1
        return self.real(*given)


def counter(answer="counted"):
    calls = []

    def count():
        calls.append(1)
        return answer

    return count, calls


def test_it_is_counted_once_for_what_it_is_made_of():
    count, calls = counter([1.5, None])
    assert kept.once("kind", ["a", {"b": (1, 2)}], count) == [1.5, None]
    assert kept.once("kind", ["a", {"b": (1, 2)}], count) == [1.5, None]
    assert len(calls) == 1
    kept.once("kind", ["a", {"b": (2, 1)}], count)
    kept.once("another", ["a", {"b": (1, 2)}], count)
    assert len(calls) == 3


def test_nothing_is_an_answer_too():
    count, calls = counter(None)
    assert [kept.once("kind", 1, count) for _ in range(2)] == [None, None]
    assert len(calls) == 1


def test_what_is_too_large_is_given_and_not_kept(monkeypatch):
    monkeypatch.setattr(kept, "LARGEST", 100)
    count, calls = counter("x" * 200)
    assert [len(kept.once("kind", 1, count)) for _ in range(2)] == [200, 200]
    assert len(calls) == 2


def test_who_asks_meanwhile_waits_and_counts_nothing():
    begun, go, calls, found = threading.Event(), threading.Event(), [], []

    def count():
        calls.append(1)
        begun.set()
        assert go.wait(30)
        return "counted"

    def ask():
        found.append(kept.once("kind", 1, count))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    askers[0].start()
    assert begun.wait(30)
    for asker in askers[1:]:
        asker.start()
    go.set()
    for asker in askers:
        asker.join(30)
    assert found == ["counted"] * 4
    assert len(calls) == 1


def test_another_program_counts_anew(monkeypatch):
    count, calls = counter()
    kept.once("kind", 1, count)
    monkeypatch.setattr(kept, "program", lambda: "a later one")
    kept.once("kind", 1, count)
    assert len(calls) == 2


# ---- Comparisons and units like one ------------------------------------------------------------
@pytest.mark.rows
@pytest.mark.django_db
def test_a_second_reader_of_a_comparison_costs_no_count(
    client, researcher, settings, tmp_path, monkeypatch
):
    settings.MEDIA_ROOT = tmp_path / "media"
    one, _ = two_networks()
    spy = Spy(monkeypatch, comparing, "_compared")
    page = client.get(CONCEPTS)
    assert page.status_code == 200
    assert spy.calls == 1
    client.force_login(researcher)
    again = client.get(CONCEPTS)
    assert spy.calls == 1
    figure, before = again.context["figures"][0], page.context["figures"][0]
    assert figure.rows == before.rows
    client.logout()
    unit = rows.unit(one, one.layers.first().name, 0)
    rows.label(unit, "chandelier", origin="later")
    changed = client.get(CONCEPTS)
    assert spy.calls == 2
    assert "chandelier" in {row["place"] for row in changed.context["figures"][0].rows}
    semantics.withdraw(unit=unit, source="people", origin="later")
    assert client.get(CONCEPTS).context["figures"][0].rows == before.rows
    assert spy.calls == 2  # it is as it was, and known


@pytest.mark.rows
@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in comparisons.COMPARABLES if name not in OF_BOTH])
def test_what_was_kept_says_what_was_counted(settings, tmp_path, name, monkeypatch):
    """Every statistic can be hashed, kept and given back unchanged."""
    settings.MEDIA_ROOT = tmp_path / "media"
    first, second = two_networks()
    comparable = comparisons.COMPARABLES[name]
    tab = next(tab for tab in comparisons.sections() if tab.name == comparable.tab)
    sides = sides_of(tab, first, second, {})
    spy = Spy(monkeypatch, comparing, "_compared")
    counted, given = (comparing.compare(comparable, *sides) for _ in range(2))
    assert spy.calls == 1
    assert given == counted
    assert given.rows


@pytest.mark.rows
@pytest.mark.django_db
def test_a_second_reader_of_a_unit_asks_wordnet_nothing(client, researcher, monkeypatch):
    run = factories.a_finished_run(units=4)
    run.network.public = True
    run.network.save()
    units = {unit.channel: unit for unit in run.layers.get().units.all()}
    for channel, concept in enumerate(("bed", "bed", "lamp", "four-poster")):
        rows.label(units[channel], concept, precision=0.5 + channel / 10)
    address = f"/atlas/{run.network.slug}/conv1/0/"
    spy = Spy(monkeypatch, concepts, "kin")
    page = client.get(address)
    assert [entry.unit.channel for entry in page.context["nearest"]] == [1, 3]
    asked = spy.calls
    assert asked == 2  # lamp and four-poster
    client.force_login(researcher)
    again = client.get(address)
    assert [entry.unit.channel for entry in again.context["nearest"]] == [1, 3]
    assert spy.calls == asked
    rows.label(units[2], "bed", origin="later")
    same = client.get(address)
    assert {entry.unit.channel for entry in same.context["nearest"]} == {1, 2, 3}
    assert spy.calls == asked  # the same words need no WordNet
    rows.label(units[1], "chandelier", origin="later")
    client.get(address)
    assert spy.calls > asked


@pytest.mark.rows
@pytest.mark.django_db
def test_of_units_like_one_no_more_rows_are_read_than_are_shown(
    client, django_assert_max_num_queries
):
    run = factories.a_finished_run(units=40)
    run.network.public = True
    run.network.save()
    for unit in run.layers.get().units.all():
        rows.label(unit, "bed", precision=unit.channel / 100)
        rows.label(unit, f"robot {unit.channel}", source="simulated")
    with django_assert_max_num_queries(60):
        page = client.get(f"/atlas/{run.network.slug}/conv1/7/")
    assert [entry.unit.channel for entry in page.context["nearest"]] == list(range(39, 27, -1))


@pytest.mark.rows
@pytest.mark.django_db
def test_a_stranger_who_has_a_page_is_told_that_it_is_the_same(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    one, _ = two_networks()
    unit = rows.unit(one, one.layers.first().name, 0)
    for address in (CONCEPTS, f"/atlas/one/{unit.layer.name}/0/"):
        page = client.get(address)
        assert page.status_code == 200
        known = {"If-None-Match": page["ETag"]}
        assert client.get(address, headers=known).status_code == 304
        rows.label(unit, f"name after {address[1:6]}", origin=address[1:6])
        changed = client.get(address, headers=known)
        assert changed.status_code == 200
        assert changed["ETag"] != page["ETag"]
