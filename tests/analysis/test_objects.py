"""Units per object and what they go with: by hand, and recomputed slowly from the exported CSV."""

import csv
import io
import itertools

import numpy as np
import pytest
from PIL import Image
from scipy.stats import kendalltau, pearsonr, spearmanr

from analysis.models import ConceptMatch, ImageSet, Network, State
from analysis.services import (
    figure_pages,
    object_choices,
    object_correlation_figures,
    objects,
    report_content,
    report_data,
    sharing,
    statistics,
)
from analysis.services.figures import Figure, Missing
from analysis.services.objects import (
    COUNTED,
    FREQUENCY,
    MEASURES,
    ObjectCorrelation,
    Wanted,
    correlations_of,
)
from analysis.services.report_content import Subject
from tests.analysis.counted import LABELS, NAMES, ROOMS, WALL, a_counted_run, a_room_set, finished
from tests.analysis.reported import NOW
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
# Layer, channel, concept and what else stands in the label.
UNITS = [
    ("conv1", 0, "bed", {}),
    ("conv1", 1, "Beds", {"category": "part"}),
    ("conv1", 2, "lamp", {"precision": 0.5}),
    ("conv2", 0, "four-poster", {"category": ""}),  # WordNet: a kind of bed
    ("conv2", 1, "oven", {"precision": 0.76}),
    ("conv2", 2, "wall", {"category": "texture"}),
    ("conv2", 3, "giraffe", {}),
    ("conv2", 4, "floor", {"category": "region", "precision": None}),
]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def network():
    """A network whose units people have named, one of them anew."""
    made = rows.network("net", channels=5)
    rows.label(rows.unit(made, "conv1", 0), "oven", origin="before")
    for layer, channel, concept, more in UNITS:
        rows.label(rows.unit(made, layer, channel), concept, **more)
    return made


@pytest.fixture
def rooms(tmp_path, network):
    """Rooms with masks that a run of another network has counted."""
    return finished(a_counted_run(tmp_path, given={"least_scene": 4})).image_set


def figures(network, **asked):
    return {figure.question: figure for figure in figure_pages.figures("objects", network, asked)}


def exported(name, wanted):
    """Return a statistic as its CSV has it, numbers as they stand there."""
    table = statistics.of_objects(wanted, statistics.OF_OBJECTS[name])
    return list(csv.DictReader(io.StringIO(b"".join(statistics.as_csv(table)).decode())))


def test_units_that_count_and_the_object_of_each(network, rooms):
    found = {
        (u.layer, u.channel): u for u in objects.unit_objects(Wanted(network, "people", rooms))
    }
    told = {place: (unit.object, unit.matched_by) for place, unit in found.items()}
    assert told == {
        ("conv1", 0): ("bed", "name"),  # the newest label, not the oven before
        ("conv1", 1): ("bed", "name"),
        ("conv2", 0): ("bed", "wordnet"),
        ("conv2", 1): ("oven", "name"),
        ("conv2", 3): (None, "none"),
        ("conv2", 4): ("floor", "name"),
    }
    ConceptMatch.objects.filter(concept="giraffe").update(label=4, how="person")
    wanted = Wanted(network, "people", rooms, threshold=0.4, layers=("conv2", "conv1"))
    assert sum(unit.object == "lamp" for unit in objects.unit_objects(wanted)) == 2
    few = Wanted(network, "people", rooms, layers=("conv1",), campaign="before")
    assert [unit.object for unit in objects.unit_objects(few)] == ["oven"]


def test_every_number_is_recomputed_from_the_exported_tables(network, rooms):
    wanted = Wanted(network, "people", rooms)
    units, counts = exported("unit-objects", wanted), exported("objects", wanted)
    assert [row["object"] for row in counts if not row["layer"]] == NAMES
    for row in counts:
        same = [u for u in units if u["object"] == row["object"]]
        some = [u for u in same if row["layer"] in ("", u["layer"])]
        assert int(row["units"]) == len(some)
        left = float(row["information_raw"]) - float(row["information_chance"])
        assert float(row["information"]) == pytest.approx(left)
    told = exported("correlations", wanted)
    corrected_for_all_of_one_kind(told)
    for row in told:
        own = [one for one in counts if not one["layer"] and int(one["images"])]
        own = [one for one in own if row["counted"] == "all" or int(one["units"])]
        assert int(row["objects"]) == len(own)
        check(row, own)


def corrected_for_all_of_one_kind(told):
    """Holm, slowly: the smallest p by how many there are, the next by one less, never falling."""
    for counted in COUNTED:
        tested = [row for row in told if row["counted"] == counted and row["p"]]
        ranked = sorted(tested, key=lambda row: float(row["p"]))
        worst = 0.0
        for place, row in enumerate(ranked):
            worst = max(worst, min(1.0, float(row["p"]) * (len(ranked) - place)))
            assert float(row["p_holm"]) == pytest.approx(worst)
    assert all(row["p_holm"] == "" for row in told if not row["p"])


def column(own, name):
    return [float(one[name]) for one in own]


def check(row, own):
    """Compare a correlation of the table with a library's, a partial one with its formula."""
    library = {"pearson": pearsonr, "spearman": spearmanr, "kendall": kendalltau}
    names = [name for name in ("units", row["measure"], row["given"]) if name]
    columns = [column(own, name) for name in names]
    if len(own) < 4 or any(len(set(some)) == 1 for some in columns):
        assert (row["value"], row["low"], row["p"]) == ("", "", "")
        return
    of = library[row["coefficient"]]
    r = [of(*pair).statistic for pair in itertools.combinations(columns, 2)]
    if row["given"]:
        x, y, z = r
        left = (1 - y**2) * (1 - z**2)
        assert row["p"] == ""
        if left < 1e-12:
            assert row["value"] == ""
            return
        r = [(x - y * z) / left**0.5]
    assert float(row["value"]) == pytest.approx(r[0])
    assert -1 <= float(row["low"]) <= float(row["high"]) <= 1


def test_coverage_is_recomputed(network, rooms):
    wanted = Wanted(network, "people", rooms)
    units, counts = exported("unit-objects", wanted), exported("objects", wanted)
    own = [one for one in counts if not one["layer"] and int(one["images"])]
    there = [one["object"] for one in own]
    for row in exported("coverage", wanted):
        some = [one for one in units if row["layer"] in ("", one["layer"])]
        named = {one["object"] for one in some if one["object"] in there}
        assert (int(row["units"]), int(row["of"])) == (len(some), len(there))
        assert int(row["concepts"]) == len({one["concept"].strip().casefold() for one in some})
        assert int(row["matched"]) == sum(bool(one["object"]) for one in some)
        assert (int(row["named"]), float(row["share"])) == (len(named), len(named) / len(there))


def test_partial_correlations_hold_a_measure_of_the_other_kind_fixed(network, rooms):
    found = list(objects.object_correlations(Wanted(network, "people", rooms)))
    simple = [row for row in found if row.given is None]
    assert len(simple) == len(COUNTED) * len(MEASURES) * 3
    assert len(found) - len(simple) == len(COUNTED) * 18 * 2
    assert all((row.given in FREQUENCY) != (row.measure in FREQUENCY) for row in found if row.given)


def test_figures_answer_in_sentences(network, rooms):
    found = list(figures(network, informativeness="weight").values())
    assert all(isinstance(figure, Figure) for figure in found)
    units, coverage, frequency, weight, correlations = found
    assert units.answer.startswith(
        "5 of the 6 units that count stand for 3 objects; most for bed (3)"
    )
    assert "conv1 0, 1; conv2 0" in [cell.text for cell in units.table[0]]
    assert "3 of 5 objects (60%) are named by at least one unit. Not named: wall, lamp." in (
        coverage.answer
    )
    assert [cell.text for cell in coverage.table[-1]] == ["all", "6", "6", "5", "3", "5", "0.600"]
    assert frequency.answer.startswith("Units per object and instances in the masks: Pearson ")
    assert "over 5 objects. With weight in the model of scenes held fixed" in frequency.answer
    assert ", p (Holm) = " in frequency.answer
    assert "may have fewer instances than images" in frequency.method
    assert "Images: those that hold at least one pixel" in frequency.method
    titles = [
        {layer["encoding"]["x"]["title"] for layer in one.spec["layer"]}
        for one in (frequency, weight)
    ]
    assert titles == [
        {"instances in the masks (scale of square roots)"},
        {"weight in the model of scenes"},
    ]
    assert "Of held-out images the model names" in weight.method
    information = figures(network)[weight.question]
    assert "“which of all scenes is it”" in information.method
    assert "The page of a scene asks “is it this scene or another”" in information.method
    assert (
        "1 with fewer than 4 images are left out, as are 2 images without a scene." in weight.method
    )
    assert correlations.answer.startswith(
        "None of 6 Pearson correlations is beyond chance. Strongest with "
    )
    assert "after Holm’s correction for the 18 correlations tested here" in correlations.method
    assert "Interval and p are found in different ways" in correlations.method
    assert "statistics/correlations.csv?network=net&source=people&image_set=rooms" in (
        correlations.download
    )


@pytest.mark.parametrize(
    ("p_holm", "told"),
    [
        (0.4, "Not beyond chance. With instances in the masks: Pearson 0.31"),
        (0.01, "With instances in the masks: Pearson 0.31"),
    ],
)
def test_one_measure_alone_is_not_counted_or_called_the_strongest(p_holm, told):
    row = ObjectCorrelation("all", "instances", "pearson", None, 9, 0.31, 0.1, 0.5, p_holm, p_holm)
    said = object_correlation_figures.strongest([row])
    assert said.startswith(told)
    assert "Strongest" not in said
    assert "None of" not in said


def test_fewer_than_four_objects_have_no_correlation(network, rooms):
    *_, frequency, informativeness, correlations = figures(network, objects="named").values()
    sentence = "There are 3 objects that units name: a correlation takes at least 4."
    assert frequency.answer == informativeness.answer == correlations.why == sentence


def test_constant_counts_have_no_correlation(tmp_path, rooms):
    network = rows.network("even", channels=9)
    for channel, name in enumerate(NAMES[:5]):
        rows.label(rows.unit(network, "conv1", channel), name, source="machine", precision=None)
    found = list(figures(network).values())
    told = "Every one of the 5 objects has 1 units, so there is no correlation with anything."
    assert (found[2].answer, found[4].why) == (told, told)
    assert "a machine found its class (IoU > 0.04)" in found[0].method
    assert found[1].answer.endswith("none is left.")
    rows_ = list(objects.object_correlations(Wanted(network, "machine", rooms)))
    assert {(row.value, row.low, row.p) for row in rows_} == {(None, None, None)}


def test_before_a_count_it_says_how_to_get_one(tmp_path, network):
    a_room_set(tmp_path / "rooms")
    units, coverage, *others = figures(network).values()
    assert isinstance(units, Figure)
    assert "3 of 6 objects" in coverage.answer
    assert "no run has counted which are there" in coverage.method
    for other in others:
        assert "manage.py analyze net rooms --steps count" in other.why


@pytest.mark.parametrize(
    ("scenes", "given", "sentence"),
    [
        ([""] * 8, {}, "The images of rooms have no scenes: name them in scenes.csv"),
        (ROOMS, {"least_scene": 11}, "1 of 3 scenes of rooms has 11 images, and two are needed"),
        (["hall", "cellar"] * 3, {"least_scene": 2}, "No object is in some images and not in"),
    ],
)
def test_scenes_that_tell_nothing_say_what_is_missing(tmp_path, network, scenes, given, sentence):
    images = a_room_set(tmp_path / "rooms", scenes=[*scenes, ""])
    if scenes[0] == "hall":  # nothing but walls
        for path in (tmp_path / "rooms").glob("mask-*"):
            Image.fromarray(np.full((24, 32), WALL, np.uint8)).save(path)
    finished(a_counted_run(tmp_path, image_set=images, given=given))
    found = figures(network, informativeness="weight")
    why = found["Do units stand for what tells scenes apart?"]
    assert isinstance(why, Missing)
    assert sentence in why.why


def test_no_labels_no_masks_nothing_above_the_threshold_no_match(tmp_path, network):
    assert figure_pages.figures("objects", rows.network("bare"), {}) == []
    (none,) = figure_pages.figures("objects", network, {})
    assert "net was run over says which objects there are: run it over one" in none.why
    ImageSet.objects.create(
        slug="rooms", labels=LABELS, state=State.DONE, fingerprint="x", manifest="m"
    )
    units, coverage, *_ = figures(network, threshold="1", layers="conv1").values()
    assert "precision above 1: lower the threshold" in units.why
    assert coverage.why == units.why
    one = rows.network("one", layers=("only",))
    rows.label(rows.unit(one, "only"), "giraffe")
    units, coverage, *_ = figures(one).values()
    assert "None of the concepts of these units (giraffe) means a class of rooms" in units.why
    assert "0 of 6 objects (0%)" in coverage.answer
    assert len(coverage.table) == 1  # of one layer there is no sum


def test_a_public_network_shows_only_sets_that_a_public_network_was_shown(tmp_path, network, rooms):
    Network.objects.filter(pk=network.pk).update(public=True)
    network.refresh_from_db()
    assert objects.sets_for(network) == []
    Network.objects.filter(slug="small").update(public=True)
    assert objects.sets_for(network) == [rooms]


def said_in_report(network, folder, **asked):
    """Return what a report says of objects, and the names of its tables of them."""
    subject = Subject(network, NOW, asked=asked)
    found = {one.name: one for one in report_content.gather(subject).sections}["objects"].drawn
    sheets = report_data.write(folder, [(network, subject.asked_of(network))])
    return [one.figure for one in found], sorted(
        one.name for one in sheets if "objects-" in one.name and "-people-" in one.name
    )


def test_a_report_has_the_tables_of_the_objects_of_its_own_images(rooms, tmp_path):
    small = Network.objects.get(slug="small")  # it was run over the rooms
    rows.label(rows.unit(small, small.layers.first().name, 0), "bed")
    told, sheets = said_in_report(small, tmp_path / "data")
    assert all(isinstance(one, Figure) for one in told[:2])
    names = ("objects", "unit-objects")
    assert {f"{name}-small-people-rooms" for name in names} <= set(sheets)
    wanted = object_choices.objects_chosen(small, {}).shown.wanted
    text = (tmp_path / "data" / "objects-small-people-rooms.csv").read_text("utf-8")
    assert list(csv.DictReader(io.StringIO(text))) == exported("objects", wanted)


@pytest.mark.parametrize("asked", [{}, {"images": "rooms"}, {"images": "nothing"}])
def test_a_report_takes_no_image_set_of_a_stranger(network, rooms, tmp_path, asked):
    """Whoever reads the network later reads its reports: they held another's private objects."""
    assert object_choices.objects_chosen(network, {}).shown.wanted.image_set == rooms  # on the page
    (why,), sheets = said_in_report(network, tmp_path / "data", **asked)
    assert "No image set with masks that net was run over" in why.why
    assert "manage.py report --images NAME" in why.why
    assert sheets == []


def test_a_report_takes_a_public_set_where_it_is_named(network, rooms, tmp_path):
    Network.objects.filter(slug="small").update(public=True)
    assert said_in_report(network, tmp_path / "one")[1] == []
    told, sheets = said_in_report(network, tmp_path / "two", images="rooms")
    assert all(isinstance(one, Figure) for one in told[:2])
    assert sheets == [f"{name}-net-people-rooms" for name in ("objects", "unit-objects")]


def test_a_comparison_in_a_report_takes_the_images_of_the_first(network, rooms):
    small = Network.objects.get(slug="small")
    rows.label(rows.unit(small, small.layers.first().name, 0), "bed")
    found = []
    for first, second in ((small, network), (network, small)):
        subject = Subject(first, NOW, against=second, asked={})
        sections = {one.name: one for one in report_content.gather(subject).sections}
        found.append([one.figure for one in sections["comparison-objects"].drawn])
    with_rooms, without = found
    assert any(isinstance(one, Figure) for one in with_rooms)
    assert all(isinstance(one, Missing) and "net was run over" in one.why for one in without)


def test_a_link_to_a_private_network_opens_no_other_image_set(network, rooms, researcher):
    assert objects.sets_for(network) == [rooms]
    Network.objects.filter(pk=network.pk).update(created_by=researcher)
    network.refresh_from_db()
    sharing.make(network=network, user=researcher, name="a friend", days=7)
    assert objects.sets_for(network) == []
    Network.objects.filter(slug="small").update(public=True)
    assert objects.sets_for(network) == [rooms]


def test_without_rows_there_are_no_correlations():
    assert list(correlations_of([], "all")) == []
