"""The demonstration's scene network: five plain convolutional stages, then the scenes."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from demonstration.world import SCENES

INPUT = 112  # pixels
MEAN, STD = (0.45, 0.45, 0.45), (0.25, 0.25, 0.25)
CHANNELS = (24, 48, 96, 128, 128)
KERNELS = (5, 3, 3, 3, 3)
EPSILON = 1e-5  # of batch normalisation
POOLED = (1, 2, 4)  # a pool follows these stages
WEIGHTS = Path(__file__).with_name("scene_net.safetensors")


class SceneNet(nn.Module):
    """conv1 … conv5 with rectifiers, pools after 1, 2 and 4, a mean over the grid, one layer.

    With ``norm`` each convolution is followed by batch normalisation, for training; `folded`
    takes it away again, so that what is shipped is as plain as the networks of the paper.
    """

    def __init__(self, scenes: int = len(SCENES), norm: bool = False) -> None:
        super().__init__()
        self.features, before = nn.Sequential(), 3
        for stage, (channels, kernel) in enumerate(zip(CHANNELS, KERNELS, strict=True), 1):
            conv = nn.Conv2d(before, channels, kernel, padding=kernel // 2, bias=True)
            self.features.add_module(f"conv{stage}", conv)
            if norm:
                self.features.add_module(f"norm{stage}", nn.BatchNorm2d(channels, EPSILON))
            self.features.add_module(f"relu{stage}", nn.ReLU())
            if stage in POOLED:
                self.features.add_module(f"pool{stage}", nn.MaxPool2d(2))
            before = channels
        self.scene = nn.Linear(before, scenes)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logit of every scene: (batch, scenes)."""
        maps: Tensor = self.features(image)  # (batch, units, 14, 14)
        logits: Tensor = self.scene(maps.mean(dim=(2, 3)))
        return logits


def folded(trained: SceneNet) -> SceneNet:
    """Return the same function without batch normalisation: its scale goes into the weights."""
    plain = SceneNet(trained.scene.out_features)
    with torch.no_grad():
        for stage in range(1, len(CHANNELS) + 1):
            state = trained.features.state_dict(prefix="")
            weight, bias = state[f"conv{stage}.weight"], state[f"conv{stage}.bias"]
            mean, spread = state[f"norm{stage}.running_mean"], state[f"norm{stage}.running_var"]
            scale = state[f"norm{stage}.weight"] / torch.sqrt(spread + EPSILON)
            into = plain.features.state_dict()
            into[f"conv{stage}.weight"].copy_(weight * scale[:, None, None, None])
            into[f"conv{stage}.bias"].copy_((bias - mean) * scale + state[f"norm{stage}.bias"])
        plain.scene.load_state_dict(trained.scene.state_dict())
    return plain.eval()


def untrained(seed: int = 0) -> SceneNet:
    """Return the network as it is before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SceneNet().eval()


def save(network: SceneNet, path: Path, note: dict[str, str]) -> None:
    """Write the weights in half precision, with a note on how they were made."""
    state = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(state, path, metadata=note)


def load(path: Path = WEIGHTS) -> SceneNet:
    """Return the network with weights from a file."""
    network = SceneNet()
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return network.eval()


def prepared(images: Tensor) -> Tensor:
    """Return bytes (batch, 3, h, w) as the network's input (batch, 3, INPUT, INPUT)."""
    scaled = images.float() / 255
    if scaled.shape[-1] != INPUT:
        scaled = nn.functional.interpolate(
            scaled, size=(INPUT, INPUT), mode="bilinear", antialias=True, align_corners=False
        )
    mean = torch.tensor(MEAN, device=images.device)[:, None, None]
    std = torch.tensor(STD, device=images.device)[:, None, None]
    return (scaled - mean) / std
