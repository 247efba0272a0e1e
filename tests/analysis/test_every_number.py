"""Every figure's numbers are counted anew, slowly and literally, from exported tables.

RECOMPUTED names the test of each figure and of each comparison; a new one without a test fails.
Nothing of the project's arithmetic is used: numbers are read as text and added up in loops.
"""

import ast
import csv
import io
import math
import random
import statistics as plain
from collections import Counter
from pathlib import Path

import pytest

from analysis.models import Run, Segment
from analysis.services import exports, figure_pages, statistics, tables
from analysis.services.comparables import COMPARABLES
from analysis.services.meanings import Wanted
from tests.analysis.against import two_networks
from tests.api import rows

pytestmark = [pytest.mark.rows, pytest.mark.django_db]
HERE = "analysis/test_every_number.py"
OBJECTS = "analysis/test_objects.py::test_every_number_is_recomputed_from_the_exported_tables"
INTERVALS = "analysis/test_object_intervals.py::test_intervals_and_p_are_those_of_plain_loops"
COVERAGE = "analysis/test_objects.py::test_coverage_is_recomputed"
PREFERENCES = (
    "analysis/test_prefer.py::test_shares_are_those_that_one_counts_from_the_table_of_images"
)
PEOPLE = (
    "analysis/test_people_machine.py"
    "::test_shares_and_kappa_are_those_that_one_counts_from_the_table_of_units"
)
DETECTORS = (
    "analysis/test_detector_findings.py::test_layers_are_recomputed_from_the_exported_scores"
)
CLASSES = "analysis/test_detector_findings.py::test_classes_are_recomputed_from_the_exported_scores"
CONCEPT = "pages/test_concept_pages.py::test_all_units_of_a_concept_whatever_its_spelling"
LABELS = f"{HERE}::test_meanings"
# What minimal images keep is counted here, shares of scenes and who named them there.
MINIMAL = (
    f"{HERE}::test_minimal_images",
    "analysis/test_simplify.py"
    "::test_shares_of_scenes_and_who_named_them_are_recomputed_from_the_exported_rows",
)
# Module and name, as it stands in the source, of each figure.
RECOMPUTED = {
    "meaning_figures 'categories'": LABELS,
    "group_counts 'counts'": LABELS,
    "meaning_figures 'precision'": f"{HERE}::test_precision",
    "unit_precision 'sorted'": f"{HERE}::test_precision",
    "meaning_figures 'agreement'": f"{HERE}::test_agreement",
    "object_figures 'objects'": OBJECTS,
    "object_figures 'coverage'": COVERAGE,
    "object_correlation_figures 'frequency' if often else 'informativeness'": (OBJECTS, INTERVALS),
    "object_correlation_figures 'correlations'": (OBJECTS, INTERVALS),
    "field_findings 'sizes'": f"{HERE}::test_fields",
    "visibility 'visible'": f"{HERE}::test_segments",
    "mask_findings 'masks'": f"{HERE}::test_masks",
    "preference_figures f'preferred-{PLURALS[by]}'": PREFERENCES,
    "minimal_images 'kept'": MINIMAL,
    "detector_findings 'detectors'": DETECTORS,
    "detector_findings 'classes'": CLASSES,
    "people_machine_figures 'people-machine'": PEOPLE,
    "people_machine_figures 'people-machine-kappa'": PEOPLE,
    "localisation_findings 'localised'": (
        "analysis/test_localise.py"
        "::test_every_number_of_the_figure_is_recomputed_from_the_exported_images"
    ),
    "scene_objects 'informative'": (
        "analysis/test_count.py"
        "::test_what_objects_tell_of_a_scene_is_recomputed_from_the_exported_images"
    ),
    "concepts 'concept'": CONCEPT,
    # One for each comparison; see COMPARED.
    "comparison_figures f'{comparable.statistic}-both{several}'": "analysis/test_comparisons.py",
}
AGAINST = "analysis/test_comparisons.py::test_"
AGREEMENT = "analysis/test_compared_agreement.py::test_"
OF_OBJECTS = "analysis/test_compared_objects.py::test_"
COMPARED = {
    "categories": f"{AGAINST}labels_are_what_one_counts_by_hand",
    "precision": f"{AGAINST}labels_are_what_one_counts_by_hand",
    "agreement": f"{HERE}::test_agreement",
    "concepts": f"{AGAINST}labels_are_what_one_counts_by_hand",
    "objects": f"{OF_OBJECTS}units_of_an_object_are_those_of_the_exported_tables",
    "coverage": f"{OF_OBJECTS}objects_that_are_named_are_their_own_partners",
    "correlations": f"{OF_OBJECTS}correlations_of_both_and_their_difference",
    "fields": f"{AGAINST}fields_and_masks_are_what_the_tables_of_units_give",
    "segments": f"{HERE}::test_segments",
    "masks": f"{AGAINST}fields_and_masks_are_what_the_tables_of_units_give",
    "minimal-image-scenes": MINIMAL,
    "minimal-images": f"{HERE}::test_minimal_images",
    "detectors": f"{AGAINST}detectors_and_classes_are_what_the_tables_of_units_give",
    "classes": f"{AGAINST}detectors_and_classes_are_what_the_tables_of_units_give",
    "localisation": f"{HERE}::test_localisation",
    "preferences": f"{AGREEMENT}what_layers_prefer_is_what_the_tables_of_images_give",
    "people-machine-layers": f"{AGREEMENT}people_and_masks_are_what_the_tables_of_units_give",
}
GROUPS = ("simple", "texture", "region", "part", "object", "scene")
LAYERS = ("conv1", "conv2")


# ---- Nothing is left out -----------------------------------------------------------------------
def figures_in(module):
    """Give the name, as it stands in the source, of every figure that a module makes."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Figure":
            [name] = [one.value for one in node.keywords if one.arg == "name"]
            yield f"{module.stem} {ast.unparse(name)}"


def test_every_figure_and_every_comparison_has_its_test():
    services = Path(figure_pages.__file__).parent
    made = {name for module in services.glob("*.py") for name in figures_in(module)}
    assert made == set(RECOMPUTED)
    assert set(COMPARED) == set(COMPARABLES)
    told = [*RECOMPUTED.values(), *COMPARED.values()]
    places = [one for some in told for one in ([some] if isinstance(some, str) else some)]
    for place in places:
        file, _, name = place.partition("::")
        text = (Path(__file__).parent.parent / file).read_text("utf-8")
        assert f"def {name}(" in text if name else "def test_" in text, place


# ---- The made world ----------------------------------------------------------------------------
@pytest.fixture
def both(settings, tmp_path):
    """Two networks with labels and runs; each unit has pictures of several sizes."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = two_networks()
    for seed, run in enumerate(Run.objects.order_by("pk")):
        for layer in run.layers.order_by("position"):
            for unit in layer.units.filter(channel__lt=5):
                for rank in (1, 2):
                    top = rows.top_image(run, unit, rank)
                    shown = 0.11 * rank + 0.03 * unit.channel + 0.07 * layer.position + 0.1 * seed
                    Segment.objects.filter(top_image=top).update(visible=shown)
    return made


def read(pieces):
    """Return a table as a stranger reads it: text."""
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))


def of_run(run, name):
    return read(statistics.as_csv(statistics.of_run(run, statistics.STATISTICS[name])))


def of_labels(network, name, threshold=0.75):
    wanted = Wanted(network, "people", threshold=threshold)
    return read(statistics.as_csv(statistics.of_labels(wanted, statistics.OF_LABELS[name])))


def page(tab, network, **asked):
    return {one.name: one for one in figure_pages.figures(tab, network, asked)}


def differences(name, both):
    """Return the exported differences of two networks, by place and measure."""
    from analysis.services import comparison_tables

    if name in statistics.STATISTICS:
        runs = Run.objects.order_by("pk")[:2]
        asked = comparison_tables.of_runs(COMPARABLES[name], *runs)
    else:
        wanted = [Wanted(network, "people") for network in both]
        asked = comparison_tables.of_labels(COMPARABLES[name], *wanted)
    found = read(comparison_tables.as_csv(asked, "differences"))
    return {(row["place"], row["measure"]): row for row in found}


def close(text, number):
    if number is None:
        assert text in ("", None)
    else:
        assert float(text) == pytest.approx(number)


def wilson(hits, of):
    """Wilson's interval, as in his paper of 1927."""
    share, z = hits / of, 1.959963984540054
    middle = share + z * z / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - reach) / (1 + z * z / of), (middle + reach) / (1 + z * z / of)


def drawn(units, of, rounds=800):
    """Draw units with replacement, one by one; return the middle 95% of what is made of them."""
    chance = random.Random(5)
    found = [of(chance.choices(units, k=len(units))) for _ in range(rounds)]
    ends = plain.quantiles([one for one in found if one is not None], n=40)
    return ends[0], ends[-1]


# ---- Of labels ---------------------------------------------------------------------------------
@pytest.mark.parametrize("by", ["answer", "unit"])
def test_meanings(both, by):
    network = both[0]
    answers = of_labels(network, "unit-answers")
    units = read(tables.as_csv(exports.rows(exports.Wanted(network=network.slug))))
    said = [row for row in (answers if by == "answer" else units) if float(row["precision"]) > 0.75]
    assert len({row["category"] for row in said}) > 1
    shown = page("meanings", network, by=by)
    shares = [row for row in of_labels(network, "categories") if row["counted_by"] == by]
    for layer in LAYERS:
        here = [row for row in said if row["layer"] == layer]
        [share] = [row for row in shown["categories"].rows if row["layer"] == layer]
        [count] = [row for row in shown["counts"].rows if row["layer"] == layer]
        assert share["of"] == count["of"] == len(here)
        for group in GROUPS:
            number = sum(row["category"] == group for row in here)
            assert count[group] == number
            assert share[group] == pytest.approx(number / len(here))
            [told] = [r for r in shares if (r["layer"], r["category"]) == (layer, group)]
            assert (told["number"], told["of"]) == (str(number), str(len(here)))
            by_unit = Counter(row.get("channel", row.get("unit")) for row in here)
            if 0 < number < len(here) and len(by_unit) > 1:
                assert float(told["share_low"]) <= number / len(here) <= float(told["share_high"])
    [whole] = [row for row in shown["counts"].rows if row["layer"] == "all layers"]
    assert whole["of"] == len(said)


def test_precision(both):
    units = read(tables.as_csv(exports.rows(exports.Wanted(network=both[0].slug))))
    shown = page("meanings", both[0])
    for layer in LAYERS:
        known = sorted(
            (float(row["precision"]) for row in units if row["layer"] == layer), reverse=True
        )
        above = sum(precision > 0.75 for precision in known)
        [row] = [row for row in shown["precision"].rows if row["layer"] == layer]
        assert (row["units"], row["above"]) == (len(known), above)
        assert row["precision"] == pytest.approx(sum(known) / len(known))
        assert (row["share_low"], row["share_high"]) == pytest.approx(wilson(above, len(known)))
        ends = drawn(known, plain.fmean)
        assert (row["precision_low"], row["precision_high"]) == pytest.approx(ends, abs=0.03)
        [row] = [row for row in shown["sorted"].rows if row["layer"] == layer]
        parts = {"tenth": 0.1, "quarter": 0.25, "half": 0.5, "most": 0.75, "nearly": 0.9}
        for name, part in parts.items():
            at_least = [p for p in known if sum(q >= p for q in known) >= part * len(known)]
            assert row[name] == pytest.approx(max(at_least))


def fleiss(units):
    """Fleiss' kappa, pair of answers by pair of answers; None where all are of one group."""
    alike, chosen = [], Counter()
    for groups in units:
        pairs = [(a, b) for a in range(len(groups)) for b in range(len(groups)) if a != b]
        alike.append(sum(groups[a] == groups[b] for a, b in pairs) / len(pairs))
        chosen.update(groups)
    chance = sum((count / sum(chosen.values())) ** 2 for count in chosen.values())
    return None if chance > 1 - 1e-12 else (sum(alike) / len(alike) - chance) / (1 - chance)


def most(words):
    return any(2 * words.count(word) > len(words) for word in words if word != "")


def agreed(network):
    """Return what is counted of each layer, and the groups of each of its units."""
    found = {}
    for layer in LAYERS:
        units = {}
        for row in of_labels(network, "unit-answers"):
            if row["layer"] == layer:
                units.setdefault(row["channel"], []).append(row)
        several = [some for some in units.values() if len(some) > 1]
        groups = [[one["category"] for one in some] for some in several]
        words = [most([one["concept"].strip().casefold() for one in some]) for some in several]
        concepts = [most([one["same_concept_as"] for one in some]) for some in several]
        found[layer] = {
            "units": len(several),
            "answers": sum(map(len, several)),
            "kappa": fleiss(groups),
            "same_words": sum(words) / len(words),
            "same_concept": sum(concepts) / len(concepts),
            "groups": groups,
        }
    return found


def test_agreement(both):
    ends = [agreed(network) for network in both]
    shown = page("meanings", both[0])["agreement"].rows
    told = differences("agreement", both)
    for layer, row in zip(LAYERS, shown, strict=True):
        counted = ends[0][layer]
        assert row["layer"] == layer
        for name in ("units", "answers", "kappa", "same_words", "same_concept"):
            assert row[name] == pytest.approx(counted[name])
        assert 0 < abs(counted["kappa"]) < 1
        interval = drawn(counted["groups"], fleiss)
        assert (row["kappa_low"], row["kappa_high"]) == pytest.approx(interval, abs=0.12)
        for name in ("kappa", "same_words", "same_concept"):
            one, two = (end[layer][name] for end in ends)
            close(told[layer, name]["value"], one)
            close(told[layer, name]["other_value"], two)
            close(told[layer, name]["difference"], one - two)


# ---- Of runs -----------------------------------------------------------------------------------
def test_fields(both):
    run = Run.objects.order_by("pk").first()
    units = of_run(run, "unit-fields")
    for row in page("fields", both[0])["sizes"].rows:
        here = [one for one in units if one["layer"] == row["layer"]]
        sizes = [float(one["size"]) for one in here if one["size"]]
        mean = sum(sizes) / len(sizes)
        assert row["size"] == pytest.approx(mean)
        spread = sum((size - mean) ** 2 for size in sizes) / (len(sizes) - 1)
        assert row["size_sd"] == pytest.approx(math.sqrt(spread))
        assert (row["units"], row["without_field"]) == (len(sizes), len(here) - len(sizes))
        assert row["settled"] == sum(one["settled"] == "True" for one in here)


def test_segments(both):
    runs = list(Run.objects.order_by("pk"))
    pictures = [of_run(run, "segmented-images") for run in runs]
    told = differences("segments", both)
    for row in page("segments", both[0])["visible"].rows:
        here = [
            one for one in pictures[0] if (one["layer"], one["field"]) == (row["layer"], "disc")
        ]
        shares = [float(one["visible"]) for one in here]
        mean = sum(shares) / len(shares)
        spread = sum((share - mean) ** 2 for share in shares) / (len(shares) - 1)
        assert len({round(share, 9) for share in shares}) > 5
        assert row["visible"] == pytest.approx(mean)
        assert row["visible_sd"] == pytest.approx(math.sqrt(spread))
        assert row["images"] == len(here)
        assert row["units"] == len({one["channel"] for one in here})
        means = [
            plain.fmean(float(one["visible"]) for one in some if one["layer"] == row["layer"])
            for some in pictures
        ]
        difference = told[row["layer"], "visible_disc"]
        close(difference["value"], means[0])
        close(difference["difference"], means[0] - means[1])
    ranks = [(one["layer"], int(one["channel"]), int(one["rank"])) for one in pictures[0]]
    assert ranks == sorted(ranks)


def test_masks(both):
    units = of_run(Run.objects.order_by("pk").first(), "unit-masks")
    for row in page("segments", both[0])["masks"].rows:
        here = [one for one in units if one["layer"] == row["layer"]]
        fits = {
            "disc": [float(one["disc"]) for one in here],
            "own": [float(one["own"]) for one in here],
            "difference": [float(one["own"]) - float(one["disc"]) for one in here],
        }
        assert row["units"] == len(here)
        for name, values in fits.items():
            assert row[name] == pytest.approx(sum(values) / len(values))
            ends = drawn(values, plain.fmean)
            assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx(ends, abs=0.06)


def test_minimal_images(both):
    runs = list(Run.objects.order_by("pk"))
    images = [of_run(run, "simplified-images") for run in runs]
    objects = [of_run(run, "simplified-objects") for run in runs]
    for run, some, parts in zip(runs, images, objects, strict=True):
        found = [one for one in some if not one["problem"]]
        [way] = of_run(run, "minimal-image-scenes")
        assert (way["images"], way["left_out"]) == (str(len(found)), str(len(some) - len(found)))
        for name in ("regions_kept", "regions_total"):
            close(way[name], sum(int(one[name]) for one in found) / len(found))
        areas = sorted(float(one["area"]) for one in found)
        middle = areas[len(areas) // 2]
        if len(areas) % 2 == 0:
            middle = (middle + areas[len(areas) // 2 - 1]) / 2
        close(way["area"], middle)
        for row in of_run(run, "minimal-images"):
            kept = [float(one["share"]) for one in parts if one["object"] == row["object"]]
            hits = sum(share >= 0.5 for share in kept)
            with_any = {one["image"] for one in parts}
            assert (row["present"], row["kept"]) == (str(len(kept)), str(hits))
            close(row["share"], hits / len(with_any))
            assert (float(row["low"]), float(row["high"])) == pytest.approx(
                wilson(hits, len(with_any))
            )
    shown = page("minimal", both[0], scene="kitchen", regions="masks")["kept"]
    assert shown.rows[0]["object"] == "oven"
    told = differences("minimal-image-scenes", both)
    pairs = [
        [float(one["area"]) for one in some if one["image"] in shared]
        for shared in [
            set.intersection(*({i["image"] for i in some if not i["problem"]} for some in images))
        ]
        for some in images
    ]
    row = told["kitchen", "area_masks"]
    close(row["value"], plain.fmean(pairs[0]))
    close(row["difference"], plain.fmean(pairs[0]) - plain.fmean(pairs[1]))
    kept = differences("minimal-images", both)
    for name in ("oven", "wall"):
        ends = [
            plain.fmean(float(one["share"]) >= 0.5 for one in some if one["object"] == name)
            for some in objects
        ]
        close(kept[f"kitchen: {name}", "kept_masks"]["difference"], ends[0] - ends[1])


def test_localisation(both):
    units = [
        [one for one in of_run(run, "localisation") if one["channel"]]
        for run in Run.objects.order_by("pk")
    ]
    for (concept, measure), row in differences("localisation", both).items():
        ends = []
        for some in units:
            here = [one for one in some if concept in (one["concept"], "all concepts")]
            found = [
                float(one["jaccard"])
                if measure == "jaccard"
                else float(one["jaccard"]) > float(one["chance"])
                for one in here
            ]
            ends.append(plain.fmean(found))
        close(row["difference"], ends[0] - ends[1])
