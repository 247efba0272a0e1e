"""The measurement of the lazy search runs on any folder, and its figures are those of one image."""

import json
import sys

import numpy as np
import pytest
import torch

from analysis.core.images import Preprocessing
from analysis.core.minimal import Minimal, Removal
from benchmarks import minimal
from tests.analysis.simplified import SCENES, ByColour, paint

SMALL = Preprocessing(height=48, width=48)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Twenty-four painted photographs with their scenes, and the network that names colours."""
    (tmp_path / "images").mkdir()
    lines = ["image,scene"]
    for number in range(24):
        paint(tmp_path / "images", number)
        (tmp_path / "images" / f"{number:03d}-mask.png").unlink()
        lines.append(f"{number:03d}.png,{SCENES[number % 3]}")
    (tmp_path / "scenes.csv").write_text("\n".join(lines))
    monkeypatch.setattr(minimal, "network", lambda: (ByColour().eval(), SMALL))
    return tmp_path


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["minimal", *map(str, arguments)])
    minimal.main()
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_it_prints_both_ways_side_by_side(folder, monkeypatch, capsys):
    found = run(monkeypatch, capsys, "--folder", folder, "--images", 3)
    assert found["images"] == 3
    assert found["named_by"] == "a read-out of 3 scenes"
    assert found["lazy_passes"] <= found["exact_passes"]
    assert 0 < found["mean_kept_exact"] <= found["mean_regions"]
    assert 0 <= found["same_minimal"] <= 1
    assert 0 <= found["mean_iou"] <= 1
    assert min(found["exact_s"], found["lazy_s"]) >= 0


def test_without_scenes_the_first_class_is_what_is_lost(folder, monkeypatch, capsys):
    (folder / "scenes.csv").unlink()
    found = run(monkeypatch, capsys, "--folder", folder, "--images", 1)
    assert (found["images"], found["named_by"]) == (1, "its own first class")


def test_without_a_folder_it_says_so(monkeypatch, capsys, tmp_path):
    assert "no folder" in run(monkeypatch, capsys, "--folder", tmp_path / "none")["skipped"]


def test_areas_are_compared_by_pixels():
    number = np.array([[0, 0, 1, 2]])
    taken = {"exact": 0, "lazy": 1}  # one keeps the two pixels on the right, the other three
    steps = [Removal(region, 0.0, 0, torch.zeros(3, 1, 4)) for region in range(3)]
    found = {way: Minimal(0.0, (steps[one],), steps[2], 5) for way, one in taken.items()}
    both = minimal.Both(number, found, {"exact": 2.0, "lazy": 1.0})
    assert (both.same, both.iou) == (False, 0.25)
    told = minimal.told([both])
    assert (told["mean_area_exact"], told["mean_area_lazy"]) == (0.5, 0.75)
    never = minimal.Both(number, {way: Minimal(0.0, (), None, 5) for way in taken}, both.seconds)
    assert minimal.told([never]) == {"images": 0, "never_lost": 1}
    assert minimal.told([never, both]) == told | {"never_lost": 1}
