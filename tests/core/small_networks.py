"""Small networks to test with, and an object that runs a program where it is unpickled."""

import torch
from torch import nn


class Boom:
    """What runs a program where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (exec, (f"open({str(self.mark)!r}, 'w')",))


class Small(nn.Module):
    """A chain with a branch to nowhere, in place activations and two classes."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 5, 2, 2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def exported(path, model=None, side=32, dynamic=True, sample=None):
    """A program as a user exports one."""
    model = (model or Small()).eval()
    shapes = ({0: torch.export.Dim("batch")},) if dynamic else None
    sample = torch.randn(2, 3, side, side) if sample is None else sample
    torch.export.save(torch.export.export(model, (sample,), dynamic_shapes=shapes), path)
    return path
