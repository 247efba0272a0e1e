"""What is written down of a pass, run again, gives the same; what mixes the image is given up."""

import pytest
import torch
from torch import nn

from analysis.core.activations import maps_of
from analysis.core.narrowing import narrowed
from analysis.core.occluders import Occluder
from analysis.core.operations import Chosen, Convolution
from analysis.core.wiring import IMAGE, follow


def network() -> nn.Module:
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 8, 3, groups=2),
        nn.GELU(),
    )
    model[1].running_mean, model[1].running_var = torch.randn(6), torch.rand(6) + 0.5
    return model.eval()


def test_run_again_it_makes_the_same_maps():
    model, image = network(), torch.randn(3, 17, 15)
    modules = ["0", "1", "2", "3", "4", "5"]
    wiring = follow(model, torch.zeros(1, 3, 17, 15), modules)
    again = wiring.maps(image, wiring.modules.values())
    for module, maps in maps_of(model, modules, image[None]).items():
        torch.testing.assert_close(again[wiring.modules[module]], maps)


def test_norms_are_folded_into_convolutions_nobody_looks_at():
    model, image = network(), torch.randn(3, 17, 15)
    wiring = follow(model, torch.zeros(1, 3, 17, 15), ["2", "5"])
    folded = wiring.without_norms()
    assert len(folded.steps) == len(wiring.steps) - 1
    value = wiring.modules["5"]
    torch.testing.assert_close(
        folded.maps(image, [value])[value], wiring.maps(image, [value])[value]
    )
    looked_at = follow(model, torch.zeros(1, 3, 17, 15), ["0", "5"])
    assert len(looked_at.without_norms().steps) == len(looked_at.steps)


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (nn.AdaptiveAvgPool2d(1), "mean"),
        (nn.LayerNorm([3, 9, 9]), "native_layer_norm"),
        (nn.ConvTranspose2d(3, 2, 3), "convolution"),
        (nn.AvgPool2d(3, 2, 1, count_include_pad=False), "avg_pool2d"),
        (nn.Softmax2d(), "softmax"),
        (nn.PixelUnshuffle(3), "unshuffle"),
    ],
)
def test_what_mixes_the_image_is_given_up_with_its_name(layer, why):
    model = nn.Sequential(layer, nn.Conv2d(layer(torch.zeros(1, 3, 9, 9)).shape[1], 2, 1)).eval()
    wiring = follow(model, torch.zeros(1, 3, 9, 9), ["1"])
    assert not wiring.modules
    assert why in wiring.refused["1"]


def test_a_module_that_hands_on_no_tensor_or_never_runs_is_given_up():
    model = nn.Sequential(nn.Conv2d(3, 2, 3))
    model.idle = nn.ReLU()
    model.forward = lambda image: model[0](image)  # type: ignore[method-assign]
    wiring = follow(model, torch.zeros(1, 3, 9, 9), ["0", "idle"])
    assert wiring.refused == {"idle": "it did not run on the input"}
    with pytest.raises(ValueError, match="no layer 7"):
        follow(model, torch.zeros(1, 3, 9, 9), ["7"])


def test_only_the_channels_looked_at_are_computed_after_the_last_mixing_of_channels():
    wiring = follow(network(), torch.zeros(1, 3, 17, 15), ["5"]).without_norms()
    value, image = wiring.modules["5"], torch.randn(3, 17, 15)
    steps, kept = narrowed(wiring.towards([value]), {value: torch.tensor([1, 6])})
    # Two groups of channels are convolved apart: which inputs they need is not followed.
    assert isinstance(steps[-2].operation, Chosen)
    assert kept[value].tolist() == [1, 6]
    assert kept[IMAGE] is None
    maps = wiring.maps(image, [value])
    made = steps[-1].operation([steps[-2].operation([maps[steps[-2].inputs[0]]])])
    torch.testing.assert_close(made, maps[value][:, [1, 6]])


def test_a_plain_convolution_is_narrowed_to_rows_of_its_weights():
    model = nn.Sequential(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 5, 3), nn.ReLU()).eval()
    wiring = follow(model, torch.zeros(1, 3, 9, 9), ["2"])
    steps, _ = narrowed(wiring.steps, {wiring.modules["2"]: torch.tensor([4])})
    assert [len(s.operation.weight) for s in steps if isinstance(s.operation, Convolution)] == [
        6,
        1,
    ]


def test_occluders_say_what_they_cannot_be():
    with pytest.raises(ValueError, match="no occluder 'black': use random, grey, blurred"):
        Occluder(kind="black")
    with pytest.raises(ValueError, match="0 pixels every 3"):
        Occluder(size=0)
    assert Occluder().places(227).tolist() == list(range(0, 217, 3))
    assert len(Occluder().places(227)) == 73
