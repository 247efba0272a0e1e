"""Exported programs: the layers of the network they were, and nothing that could run code."""

import json
import pickle
import zipfile

import pytest
import torch
import torchvision
from torch import nn

from analysis.core import architectures, layers, programs
from analysis.core.activations import maps_of
from analysis.core.specs import PROGRAM, SpecRefused, kind_of
from tests.core.small_networks import Boom, Small, exported

torch.set_num_threads(1)


def test_a_program_gives_the_layers_of_its_network(tmp_path):
    model = Small().eval()
    path = exported(tmp_path / "net.pt2", model)
    assert kind_of(path) == PROGRAM
    loaded, size = programs.load(path)
    assert size == (32, 32)
    found = layers.find(layers.watch(architectures.settled(loaded), 32, 32))
    own = layers.find(layers.watch(architectures.settled(model), 32, 32))
    assert [layer.name for layer in found] == ["conv1", "pool1", "conv2"]
    assert [(a.name, a.channels, a.field) for a in found] == [
        (a.name, a.channels, a.field) for a in own
    ]
    batch = torch.randn(5, 3, 32, 32)
    theirs = maps_of(loaded, [layer.module for layer in found], batch)
    ours = maps_of(model, [layer.module for layer in own], batch)
    for one, other in zip(found, own, strict=True):
        torch.testing.assert_close(theirs[one.module], ours[other.module])


def test_a_program_with_branches_gives_its_stages(tmp_path):
    path = exported(tmp_path / "net.pt2", torchvision.models.resnet18(weights=None), 64)
    seen = layers.watch(architectures.settled(programs.load(path)[0]), 64, 64)
    names = [layer.name for layer in layers.find(seen)]
    assert names == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    assert layers.named(seen, {"late": "layer4.1"})[0].module == "taps.layer4.1"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"dynamic": False}, "batches of 2 only"),
        ({"model": nn.Conv2d(1, 1, 1), "sample": torch.randn(2, 1, 9, 9)}, "1 channels"),
        ({"model": nn.Linear(3, 3), "sample": torch.randn(2, 3)}, "a batch of images"),
    ],
)
def test_a_program_that_takes_no_batch_of_images_is_refused(tmp_path, options, sentence):
    with pytest.raises(SpecRefused, match=sentence):
        programs.load(exported(tmp_path / "net.pt2", **options))


def rewritten(path, entry, change):
    """The same archive with one entry changed."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in held if name.partition("/")[2] == entry)
    held[name] = change(held[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return path


MODEL, SETUP = "models/model.json", "data/weights/model_weights_config.json"


def edited(*where, value):
    """A change of one value deep in a JSON text."""

    def change(data):
        tree = json.loads(data)
        place = tree
        for key in where[:-1]:
            place = place[key]
        place[where[-1]] = value
        return json.dumps(tree).encode()

    return change


NODE = ("graph_module", "graph", "nodes", 0)


@pytest.mark.parametrize(
    ("entry", "change", "sentence"),
    [
        (MODEL, edited(*NODE, "target", value="torch.os.system"), "torch.os.system"),
        (MODEL, edited(*NODE, "target", value="torch.hub.load"), "torch.hub.load"),
        (MODEL, edited(*NODE, "target", value="torch.ops.aten.from_file.default"), "from_file"),
        (MODEL, edited(*NODE, "target", value="torch.ops.higher_order.cond"), "higher_order"),
        (MODEL, edited(*NODE, "name", value="x\nimport os"), "name is"),
        (MODEL, edited(*NODE, "metadata", value={"source_fn_stack": "a,torch.os"}), "metadata"),
        (MODEL, edited("expr_str", value="__import__('os').system('true')"), "expr_str"),
        (MODEL, edited("in_spec", value='[1, {"type": "collections.defaultdict"}]'), "in_spec"),
        (SETUP, edited("use_pickle", value=True), "use_pickle"),
        ("data/sample_inputs/model.pt", lambda _: pickle.dumps(Boom("/nowhere")), "sample input"),
        ("archive_version", None, "not plain data"),
    ],
)
def test_a_program_that_could_do_more_than_compute_is_refused(tmp_path, entry, change, sentence):
    path = exported(tmp_path / "net.pt2")
    if change is None:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("net/data/aotinductor/model/x.so", b"")
    else:
        rewritten(path, entry, change)
    with pytest.raises(SpecRefused, match=sentence):
        programs.load(path)


def test_an_expression_meant_to_be_slow_is_judged_at_once():
    assert not programs.EXPRESSION.fullmatch("1" * 5000 + "!")
    assert programs.EXPRESSION.fullmatch("Symbol('s77', positive=True, integer=True)")
    assert programs.EXPRESSION.fullmatch("Max(1, s0*2 + 1)")
