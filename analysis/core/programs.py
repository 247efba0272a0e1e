"""Exported programs: checked before they are read, then tapped so that layers can be watched.

`torch.export.load` may unpickle, evaluate expressions and look up any function of torch by name.
`check` therefore goes through the archive first and lets pass only plain tensors, operators of
aten and expressions over sizes. It is a second fence, not the first: programs are taken from
people whom the operator trusts (see docs), because they remain programs.
"""

import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram

from analysis.core.specs import PROGRAM, SpecRefused, kind_of

TAPS = "taps"
ENTRIES = re.compile(
    r"models/\w+\.json|data/(weights|constants)/(\w+_config\.json|weight_\d+|tensor_\d+)"
    r"|data/sample_inputs/\w+\.pt|archive_format|archive_version|byteorder|\.data/\w+"
)
OPERATORS = re.compile(
    r"torch\.ops\.aten\.(?!from_file)\w+\.\w+|_operator\.(getitem|add|sub|mul|floordiv|truediv|neg)"
    r"|torch\.sym_(int|float|max|min|not|sum)"
)
NAMES = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
# Possessive, so that no text makes the search slow.
EXPRESSION = re.compile(
    r"(?:Symbol\('[su]\d++'(?:, (?:positive|nonnegative|integer)=(?:True|False))*+\)"
    r"|[su]\d++|\d++|Max|Min|Mod|FloorDiv|CeilDiv|PythonMod|[ +*/(),-])*+"
)
CONTAINERS = (None, "builtins.tuple", "builtins.list", "builtins.dict")
METADATA = {"stack_trace", "nn_module_stack", "torch_fn", "custom", "from_node"}


def load(path: Path, name: str = "") -> tuple[fx.GraphModule, tuple[int | None, int | None]]:
    """Return a program as a module with taps, and the input's height and width where it fixes them.

    Each module of the exported network is a tap: a submodule `taps.<path>` that passes its
    output on, so that a hook on it sees what a hook on the original would. ``name`` is what the
    file's owner calls it.

    Raises:
        SpecRefused: not safe, broken, or not from one batch of images to numbers.
    """
    name = name or path.name
    check(path, name)
    try:
        program = torch.export.load(path)
        # Without what is done in place: a tap's output must not change after it was seen.
        program = program.run_decompositions({})
    except Exception as error:  # whatever broken bytes do to the reader
        reason = str(error).split("\n")[0][:200]
        raise SpecRefused(
            f"{path.name} is no program of this version of torch ({reason})."
        ) from error
    size = input_size(program, name)
    # The guards of a program are Python text: never run. `input_size` checks what they would.
    return tapped(program.module(check_guards=False)), size


def check(path: Path, name: str) -> None:
    """Let pass a program that only computes.

    Raises:
        SpecRefused: names what it holds beyond tensors and plain operators.
    """
    if kind_of(path, name) != PROGRAM:
        raise SpecRefused(f"{name} is not an exported program: torch.export.save writes one.")
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            inside = entry.partition("/")[2]
            if not ENTRIES.fullmatch(inside):
                raise SpecRefused(f"{name} holds {inside[:80]!r}, which is not plain data.")
            if inside.endswith(".json"):
                _check_json(json.loads(archive.read(entry)), name)
            if inside.endswith(".pt"):
                _check_sample(archive.read(entry), name)


def input_size(program: ExportedProgram, name: str) -> tuple[int | None, int | None]:
    """Return the height and width that a program fixes, nothing for one it leaves open.

    Raises:
        SpecRefused: its input is not one batch, of any size, of images of three channels.
    """
    wanted = set(program.graph_signature.user_inputs)
    inputs = [node.meta.get("val") for node in program.graph.nodes if node.name in wanted]
    if len(inputs) != 1 or not isinstance(inputs[0], torch.Tensor) or inputs[0].dim() != 4:
        raise SpecRefused(f"{name} must take one tensor, a batch of images (N, 3, H, W).")
    batch, channels, height, width = inputs[0].shape
    if channels != 3:
        raise SpecRefused(f"{name} takes {channels} channels: images have three.")
    if isinstance(batch, int):
        raise SpecRefused(
            f"{name} takes batches of {batch} only: export it with "
            "dynamic_shapes=({0: torch.export.Dim('batch')},) and a sample batch of two or more."
        )
    fixed = [side if isinstance(side, int) else None for side in (height, width)]
    return fixed[0], fixed[1]


def tapped(module: fx.GraphModule) -> fx.GraphModule:
    """Return the same computation with a tap after the output of every original module."""
    graph = module.graph
    taps = {f"{TAPS}.{path}": node for path, node in outputs(graph).items()}
    for target in sorted(taps):  # a parent before its children
        module.add_submodule(target, nn.Identity())
    # Outer modules first: each later tap goes between the node and the taps already there.
    for target, node in sorted(taps.items(), key=lambda pair: pair[0].count(".")):
        with graph.inserting_after(node):
            tap = graph.call_module(target, (node,))
        tap.meta = dict(node.meta)
        for user in [user for user in node.users if user is not tap]:
            user.replace_input_with(node, tap)
    plain = fx.GraphModule(module, graph)
    plain.recompile()
    return plain


def outputs(graph: fx.Graph) -> dict[str, fx.Node]:
    """Return the node that each original module hands on.

    A module whose outputs are several is left out. Where the program does not tell its modules,
    every node that is a tensor stands for itself.
    """
    inside: dict[str, set[fx.Node]] = defaultdict(set)
    for node in graph.nodes:
        for path, _ in (node.meta.get("nn_module_stack") or {}).values():
            inside[path.replace("@", "_again_")].add(node)
    inside.pop("", None)
    if not inside:
        return {n.name: n for n in graph.nodes if n.op == "call_function" and _is_tensor(n)}
    handed = {}
    for path, own in inside.items():
        leaving = [node for node in own if any(user not in own for user in node.users)]
        if len(leaving) == 1 and _is_tensor(leaving[0]):
            handed[path] = leaving[0]
    return handed


def _is_tensor(node: fx.Node) -> bool:
    return isinstance(node.meta.get("val"), torch.Tensor)


def _check_sample(data: bytes, name: str) -> None:
    try:
        torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:
        raise SpecRefused(f"{name} holds a sample input that is more than tensors.") from error


def _check_json(tree: Any, name: str) -> None:
    for key, value in _pairs(tree):
        if not _harmless(key, value):
            raise SpecRefused(
                f"{name} is not a plain network: {key} is {str(value)[:80]!r}. "
                "Export the network for evaluation, without custom operators or control flow."
            )


def _harmless(key: str, value: Any) -> bool:
    """Return whether a value of a program's description can do no more than compute."""
    if key == "target" and isinstance(value, str):
        return bool(OPERATORS.fullmatch(value))
    if key == "use_pickle":
        return value is False
    if key in ("name", "as_name", "path_name") and isinstance(value, str):
        return value == "" or bool(NAMES.fullmatch(value))
    if key == "expr_str":
        return isinstance(value, str) and bool(EXPRESSION.fullmatch(value))
    if key in ("in_spec", "out_spec") and isinstance(value, str) and value:
        kinds = (kind for name, kind in _pairs(json.loads(value)) if name == "type")
        return "__enum__" not in value and all(kind in CONTAINERS for kind in kinds)
    if key == "metadata" and isinstance(value, dict):
        return set(value) <= METADATA
    return not (key in ("as_custom_obj", "as_graph", "treespec_namedtuple_fields") and value)


def _pairs(tree: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key and value at any depth."""
    todo = [tree]
    while todo:
        found = todo.pop()
        if isinstance(found, dict):
            yield from found.items()
            todo.extend(found.values())
        elif isinstance(found, list):
            todo.extend(found)
