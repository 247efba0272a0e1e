"""Writes the demonstration's network as an exported program, as a researcher would hand it in."""

from pathlib import Path

import torch

from demonstration.network import INPUT, SceneNet

# The layers of the paper's table; conv1 is seen behind its pool, as there.
LAYERS = {
    "pool1": "features.pool1",
    "pool2": "features.pool2",
    "conv3": "features.relu3",
    "conv4": "features.relu4",
    "conv5": "features.relu5",
}


def export(network: SceneNet, path: Path) -> None:
    """Write a program that takes any number of images of INPUT pixels."""
    sample = torch.zeros(2, 3, INPUT, INPUT)
    shapes = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(network, (sample,), dynamic_shapes=shapes)
    aside = path.with_name(f"aside-{path.name}")
    torch.export.save(program, aside)
    aside.replace(path)
