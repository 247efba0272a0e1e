"""The benchmark says what it promises, on a network small enough for a test."""

import argparse
import json

import pytest
import torch
from torch import nn

from benchmarks import occlusion


@pytest.fixture
def small_alexnet(monkeypatch):
    def made():
        torch.manual_seed(0)
        model = nn.Module()
        model.features = nn.Sequential(nn.Conv2d(3, 4, 7, 4), nn.ReLU(), nn.MaxPool2d(3, 2))
        model.forward = lambda image: model.features(image)
        return model

    monkeypatch.setattr(occlusion.torchvision.models, "alexnet", made)
    monkeypatch.setattr(occlusion, "SIDE", 44)


def test_three_ways_one_difference_and_the_work(small_alexnet):
    given = argparse.Namespace(device="cpu", batch=16, memory=64)
    found = occlusion.measured("pool1", occlusion.case(given, "features.2"), rounds=1)
    json.dumps(found)
    assert {"layer", "plain_s", "captum_s", "ours_s", "ratio", "max_abs_diff"} <= set(found)
    assert found["relative_diff"] <= 1e-5
    assert found["ours_s"] > 0
    one = occlusion.case(given, "features.2")
    engine = occlusion.Occlusion(one.model, one.preparation, ["features.2"])
    assert 0 < occlusion.least_gmac(engine, one.target) < occlusion.plain_gmac(engine)
    # 12 × 12 occluders, 10 × 10 places of 4 channels of 3 · 7 · 7.
    assert occlusion.plain_gmac(engine) == pytest.approx(144 * 100 * 4 * 147 / 1e9)
