"""How often workers agree on the paper's released answers, as words are read more and more.

    python -m benchmarks.concepts [--answers FILE] [--sample N --seed S]

For each layer the share of units where at least two of three answers agree: written the same, in
the same normal form, or slips of it, or synonyms, or one a kind of the other; and by chance, when
the three answers come from three units. With `--sample` it prints instead, as CSV, pairs of
answers that agree though they are written differently, drawn by chance, to be judged by eye.
"""

import argparse
import csv
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from scipy.io import loadmat

from annotate.core.concepts import Shared, choose, gather
from annotate.core.edits import Edits
from annotate.core.phrases import read
from annotate.core.relations import english
from annotate.core.words import merge

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT.parent / "shared/data/zhou2015/unitAnnotation_places205-alexnet.mat"
STEPS = ("letters", "normal_form", "slips", "synonyms", "relations")
ALIKE = [1.0, 1.0, 1.0]
Answers = dict[str, list[list[str]]]


class Merged(NamedTuple):
    """Two answers about one unit that agree on a concept, and why each stands behind it."""

    layer: str
    unit: int
    one: str
    other: str
    concept: str
    why_one: str
    why_other: str


def main() -> None:
    """Measure or draw; the last line of a measurement is one JSON object."""
    options = parsed()
    if not options.answers.is_file():
        sys.stderr.write(f"no released answers at {options.answers}: give --answers FILE\n")
        sys.stdout.write(json.dumps({"layers": {}}) + "\n")
        return
    answers = released(options.answers)
    if options.sample:
        write(sample(answers, options.sample, options.seed))
        return
    started = time.perf_counter()
    found = {layer: shares(units) for layer, units in answers.items()}
    for layer, units in answers.items():
        found[layer]["by_chance"] = shares(shuffled(units, options.seed))["relations"]
        told = "  ".join(f"{step} {share:.3f}" for step, share in found[layer].items())
        sys.stdout.write(f"{layer:6} {len(units):4} units  {told}\n")
    seconds = round(time.perf_counter() - started, 2)
    sys.stdout.write(json.dumps({"layers": found, "seconds": seconds}) + "\n")


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--answers", type=Path, default=FILE, help="the released .mat file")
    parser.add_argument("--sample", type=int, default=0, help="draw so many merges")
    parser.add_argument("--seed", type=int, default=100)
    return parser.parse_args()


def released(file: Path) -> Answers:
    """Return by layer the three descriptions of each unit."""
    cells = loadmat(file, squeeze_me=True)["layerAnnotation"]
    return {str(name): [[str(row[n]) for n in (0, 3, 6)] for row in rows] for rows, name in cells}


def shares(units: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return for each step of reading the share of units where two of three answers agree."""
    agreeing = dict.fromkeys(STEPS, 0)
    for three in units:
        shared = gather(three, ALIKE, english(), Edits())
        best = {
            "letters": _most([text.strip().lower() for text in three]),
            "normal_form": _most([read(text)[0].key for text in three]),
            "slips": _most(merge(three)),
            "synonyms": _most(shared.groups),
            "relations": len(shared.concepts[choose(shared, ALIKE, ALIKE)[0]].ties),
        }
        for step in STEPS:
            agreeing[step] += best[step] >= 2
    return {step: round(count / len(units), 4) for step, count in agreeing.items()}


def shuffled(units: Sequence[Sequence[str]], seed: int) -> list[list[str]]:
    """Return units whose three answers come from three units of the layer, drawn by chance."""
    draw = random.Random(seed)
    columns = [draw.sample(column, len(column)) for column in zip(*units, strict=True)]
    return [list(three) for three in zip(*columns, strict=True)]


def _most(marks: Sequence[str] | Sequence[int]) -> int:
    """Return how many of the marks are the commonest one."""
    return max(sum(mark == other for other in marks) for mark in marks)


def sample(answers: Answers, number: int, seed: int) -> list[Merged]:
    """Return pairs that agree though written differently, drawn without putting back."""
    pairs: dict[tuple[str, ...], Merged] = {}
    for layer, units in answers.items():
        for unit, three in enumerate(units):
            for found in merged(layer, unit, three):
                texts = found.one.casefold(), found.other.casefold()
                pairs.setdefault(tuple(sorted(texts)), found)
    return [pairs[key] for key in random.Random(seed).sample(sorted(pairs), number)]


def merged(layer: str, unit: int, three: Sequence[str]) -> Iterator[Merged]:
    """Give the pairs of a unit's answers that agree, on the most specific concept first."""
    shared: Shared = gather(three, ALIKE, english(), Edits())
    for concept in sorted(shared.concepts, key=lambda concept: -len(concept.above)):
        for one, other in combinations(sorted(concept.ties), 2):
            a, b = three[one].strip(), three[other].strip()
            if a.casefold() != b.casefold():
                why = concept.ties[one].why, concept.ties[other].why
                yield Merged(layer, unit, a, b, concept.name, *why)


def write(rows: Sequence[Merged]) -> None:
    """Write the pairs as CSV, with empty columns for the judgement."""
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow([*Merged._fields, "right", "remark"])
    table.writerows([*row, "", ""] for row in rows)


if __name__ == "__main__":
    main()
