"""Networks as workers use them: loaded for looking, and inspected once when registered."""

import torch
from torch import nn

from analysis.core import architectures, programs, weights
from analysis.core.images import Preprocessing
from analysis.core.specs import Spec
from analysis.models import Network
from analysis.services import files


def load(network: Network, device: torch.device | str) -> tuple[nn.Module, Preprocessing]:
    """Return an inspected network in evaluation mode on a device, and how its input is prepared.

    Every `Layer.module` is the path of a submodule whose forward hook sees the layer's output,
    for exported programs too (see core/programs.py).

    Raises:
        SpecRefused: the stored weights do not fit, which only a change of a library can cause.
    """
    spec = Spec.parse(network.arch)
    path = files.local(network.weights)
    if spec.source == "exported":
        model: nn.Module = architectures.settled(programs.load(path)[0])
    else:
        model = architectures.build(spec, weights.read(path))
    return model.to(device), Preprocessing.from_json(network.preprocessing)
