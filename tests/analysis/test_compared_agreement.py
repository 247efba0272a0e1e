"""What layers prefer, and people beside masks, of two networks: counted from exported tables."""

import statistics as plain

import pytest
from scipy.stats import fisher_exact

from analysis.models import Run, UnitSemantics
from analysis.services.preferring import Found, write_found
from tests.analysis.test_comparisons import both, exported, found, why  # noqa: F401
from tests.analysis.test_people_machine import literal_kappa

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def test_what_layers_prefer_is_what_the_tables_of_images_give(both):  # noqa: F811
    images = [exported(run, "preferred-images") for run in Run.objects.order_by("pk")]
    told = found("preferences", *both)
    assert {measure for _, measure in told} == {"share_scene"}
    for (place, _), row in told.items():
        layer, scene = place.split(", scene ")
        some = [[one for one in side if one["layer"] == layer] for side in images]
        hits = [sum(one["scene"] == scene for one in side) for side in some]
        assert (row.value, row.other_value) == pytest.approx(
            (hits[0] / len(some[0]), hits[1] / len(some[1]))
        )
        table = [[one, len(side) - one] for one, side in zip(hits, some, strict=True)]
        assert row.p == pytest.approx(fisher_exact(table).pvalue)
    assert told["conv2, scene kitchen", "share_scene"].difference == pytest.approx(3 / 12)
    write_found(Run.objects.get(network=both[1]), Found(100, {}, {"": 100}, {"conv1": []}))
    assert "The images that two preferred are of one set, without scenes" in why(
        "preferences", *both
    )


def test_people_and_masks_are_what_the_tables_of_units_give(both):  # noqa: F811
    units = [exported(run, "people-machine") for run in Run.objects.order_by("pk")]
    told = found("people-machine-layers", *both)
    said = {"same": 0, "kind": 0, "different": 0, "unmatched": 0}
    for layer in ("conv1", "conv2", "all layers"):
        some = [[one for one in side if layer in (one["layer"], "all layers")] for side in units]
        some = [[one for one in side if one["relation"] in said] for side in some]
        for name in said:
            shares = [plain.fmean(one["relation"] == name for one in side) for side in some]
            row = told[layer, f"{name}_share"]
            assert (row.value, row.other_value) == pytest.approx(tuple(shares))
            said[name] += sum(shares)
        pairs = [
            [(one["people_class"], one["machine_class"]) for one in side if one["people_class"]]
            for side in some
        ]
        if all(len({word for pair in side for word in pair}) > 1 for side in pairs):
            kappas = [literal_kappa(side) for side in pairs]
            row = told[layer, "kappa"]
            assert row.difference == pytest.approx(kappas[0] - kappas[1])
    assert said["same"] > 0
    assert said["different"] > 0
    UnitSemantics.objects.filter(unit__layer__network=both[1]).delete()
    assert "No unit of two is named both by people and by masks (IoU above 0.04)" in why(
        "people", *both
    )
