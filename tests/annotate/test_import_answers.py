"""`import_answers` as it is typed: labels, twice, damaged files, networks that exist or do not."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.models import Layer, Network, Source, State, UnitSemantics
from analysis.services import networks
from annotate.core import matlab, released
from tests.annotate import factories
from tests.annotate.released import changed, layers, release

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def imported(path, network="places", form="zhou2015", **more):
    said = io.StringIO()
    call_command("import_answers", path, network=network, format=form, stdout=said, **more)
    return said.getvalue()


def refused(path, **more):
    """Return why nothing was imported, having seen that nothing was."""
    before = Network.objects.count(), UnitSemantics.objects.count()
    with pytest.raises(CommandError, match=r"^Nothing was imported\. .*\.$") as error:
        imported(path, **more)
    assert (Network.objects.count(), UnitSemantics.objects.count()) == before
    return str(error.value)


def test_a_release_makes_a_network_without_weights_and_labels_its_units(tmp_path):
    said = imported(release(tmp_path / "answers.mat"))
    assert "a new network without weights" in said
    assert "18 answers about 6 units of 2 layers, source published, from zhou2015" in said
    assert "6 labels written." in said
    network = Network.objects.get(slug="places")
    assert (network.published_only, network.state, network.public) == (True, State.DONE, False)
    assert "cannot be run" in network.note
    assert [(layer.name, layer.channels) for layer in network.layers.all()] == [
        ("pool1", 3),
        ("pool5", 3),
    ]
    row = UnitSemantics.objects.get(unit__layer__name="pool5", unit__channel=0)
    assert (row.source, row.origin, row.run) == ("published", "zhou2015", None)
    assert (row.concept, row.category, row.answers) == ("lamp", "object", 3)
    assert row.precision == pytest.approx((57 + 54 + 30) / 171)
    assert (row.precision_low, row.images_shown, row.images_kept) == (None, 0, 0)
    assert row.agreement == pytest.approx(2 / 3)
    words = row.details["words"]
    assert [word["category"] for word in words] == ["object", "object", "part"]
    assert [word["precision"] for word in words] == pytest.approx([1, 54 / 57, 30 / 57])
    assert [word["same_concept_as"] for word in words] == [0, 0, 1]
    tied = UnitSemantics.objects.get(unit__layer__name="pool1", unit__channel=1)
    assert (tied.concept, tied.category) == ("stripes", "texture")  # the earliest
    assert tied.details["concept"] == tied.details["category"] == "tie"


def test_the_same_file_twice_changes_nothing_and_says_so(tmp_path):
    path = release(tmp_path / "answers.mat")
    imported(path)
    before = list(UnitSemantics.objects.order_by("pk").values())
    said = imported(path)
    assert "All of it was there already: nothing changed." in said
    assert "a new network" not in said
    assert list(UnitSemantics.objects.order_by("pk").values()) == before


def test_a_corrected_file_changes_what_differs(tmp_path):
    imported(release(tmp_path / "answers.mat"))
    said = imported(release(tmp_path / "corrected.mat", changed(0, "sofa")))
    assert "1 labels written, 5 were there already." in said


DAMAGED = {
    "category": (changed(4, 9), "pool5, unit 2, answer 2, category: 9 is none of 1 scene"),
    "no category": (changed(1, np.empty((0, 0))), "pool5, unit 2, answer 1, category: [] is none"),
    "half a category": (changed(7, 2.5), "answer 3, category: 2.5 is none of"),
    "words for a number": (changed(8, "high"), "answer 3, precision: 'high' is not kept / 57"),
    "precision above 1": (changed(5, 58 / 57), "pool5, unit 2, answer 2, precision: 1.01"),
    "precision below 0": (changed(5, -1 / 57), "answer 2, precision: -0.01"),
    "no share of 57": (changed(2, 0.3), "answer 1, precision: 0.3 is not kept / 57"),
    "not a number": (changed(2, np.nan), "answer 1, precision: nan is not kept / 57"),
    "no words": (changed(3, ""), "pool5, unit 2, answer 2, description: '' is no concept"),
    "a number for words": (changed(3, 7), "answer 2, description: 7 is no concept"),
    "no letter": (changed(6, "??"), "answer 3, description: '??' is no concept"),
    "too long": (changed(6, "x" * 81), "Shorten it to 80 characters or fewer; it has 81."),
    "twice a layer": (layers("pool1", "pool1"), "Layer 2 is named 'pool1'"),
    "a bad name": (layers("pool 1"), "Layer 1 is named 'pool 1': a name may have letters"),
    "no units": (layers("pool1", cells=()), "pool1 must have 1 to 100,000 units × 9 cells"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_cell_is_named_and_nothing_stays(what, tmp_path):
    made, sentence = DAMAGED[what]
    assert sentence in refused(release(tmp_path / "answers.mat", made))


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = release(tmp_path / "answers.mat", variable="other")
    assert "must hold a cell array layerAnnotation of layers × 2: it is missing" in refused(path)
    release(path, np.ones((2, 2)))
    assert "must hold a cell array layerAnnotation" in refused(path)
    path.write_bytes(b"\x80\x04\x95cos\nsystem\n")  # the beginning of a pickle
    assert "cannot be read as a MATLAB v5 file" in refused(path)
    assert "cannot be read: No such file" in refused(tmp_path / "none.mat")
    assert "cannot be read: Is a directory" in refused(tmp_path)


def test_a_cut_or_garbled_file_never_passes_for_another(tmp_path):
    path = release(tmp_path / "answers.mat")
    whole, chance = path.read_bytes(), np.random.default_rng(0)
    for size in (0, 60, 127, 128, 135, len(whole) // 2, len(whole) - 40):
        path.write_bytes(whole[:size])
        refused(path)
    for _ in range(60):
        garbled = bytearray(whole)
        garbled[chance.integers(len(whole))] ^= 1 << int(chance.integers(8))
        path.write_bytes(garbled)
        with suppress(CommandError):  # or a flaw that no cell shows, as in an unused header
            imported(path)


def test_large_files_are_refused_also_when_they_inflate(tmp_path, monkeypatch):
    path = release(tmp_path / "answers.mat")
    monkeypatch.setattr(released, "LARGEST", 200)
    assert "200 are the most taken" in refused(path)
    monkeypatch.setattr(released, "LARGEST", 100_000)
    bomb = zlib.compress(bytes(1_000_000))
    head = path.read_bytes()[: matlab.HEADER]
    path.write_bytes(head + struct.pack("<II", matlab.COMPRESSED, len(bomb)) + bomb)
    assert "inflates to more than is taken" in refused(path)


def test_answers_join_a_network_that_has_these_layers(tmp_path):
    network = factories.NetworkFactory(slug="mine")
    for position, name in enumerate(("pool1", "pool5")):
        factories.LayerFactory(network=network, name=name, position=position, channels=3)
    said = imported(release(tmp_path / "answers.mat"), network="mine")
    assert "a new network" not in said
    assert UnitSemantics.objects.filter(unit__layer__network=network).count() == 6
    Layer.objects.filter(name="pool5").update(channels=4)
    told = refused(release(tmp_path / "answers.mat"), network="mine")
    assert "Layer pool5 of mine has 4 units, the file 3: this is another network." in told
    Layer.objects.filter(name="pool5").update(name="conv5")
    told = refused(release(tmp_path / "answers.mat"), network="mine")
    assert "Network mine has no layer 'pool5'; its layers are: pool1, conv5." in told
    Network.objects.update(state=State.WAITING)
    assert "is waiting: wait until" in refused(release(tmp_path / "answers.mat"), network="mine")


def test_bad_names_are_refused(tmp_path):
    path = release(tmp_path / "answers.mat")
    assert "The name 'no good' cannot be used" in refused(path, network="no good")
    assert "cannot be called 'a b'" in refused(path, origin="a b")
    with pytest.raises(CommandError, match="invalid choice: 'pickle'"):
        call_command("import_answers", str(path), "--network=a", "--format=pickle")


def test_a_network_with_published_labels_is_kept(tmp_path):
    imported(release(tmp_path / "answers.mat"))
    with pytest.raises(networks.NetworkRefused, match="labelled units"):
        networks.delete(Network.objects.get(slug="places"))
    assert UnitSemantics.objects.filter(source=Source.PUBLISHED).count() == 6
