"""Networks as workers use them: loaded for looking, and inspected once when registered."""

import hashlib
import json
import logging
from typing import TypeAlias

import torch
from django.db import transaction
from torch import nn

from analysis.core import architectures, layers, programs, weights
from analysis.core.images import Preprocessing
from analysis.core.specs import Spec, SpecRefused, seed_of
from analysis.models import Layer, Network, State, Unit
from analysis.services import files
from analysis.services.networks import upload_name

logger = logging.getLogger(__name__)
Size: TypeAlias = tuple[int | None, int | None]
WEIGHTS = {False: "weights.safetensors", True: "program.pt2"}


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


def inspect(network: Network) -> None:
    """Find out what a network is: write its weights, fingerprint, classes, layers and units.

    Ends as done, or as failed with the reason in its row; a second call does nothing.
    """
    waiting = Network.objects.filter(pk=network.pk, state=State.WAITING)
    if not waiting.update(state=State.RUNNING, error=""):
        return
    try:
        _inspect(network)
    except ValueError as refused:
        _failed(network, str(refused))
    except Exception as error:
        logger.exception("The inspection of %s broke off", network)
        _failed(network, f"The inspection broke off: {type(error).__name__}: {error}")
        raise


def _inspect(network: Network) -> None:
    spec = Spec.parse(network.arch)
    model, data, size = _exported(network) if spec.source == "exported" else _built(network, spec)
    preparation = _preparation(network, spec, size)
    seen = layers.watch(model, preparation.height, preparation.width)
    wanted = network.requested.get("layers")
    in_blocks = "vgg" in spec.name  # as its authors count
    found = layers.named(seen, wanted) if wanted else layers.find(seen, in_blocks)
    network.classes = _classes(network, spec, seen.classes)
    network.preprocessing = preparation.to_json()
    network.weights = f"networks/{network.slug}/{WEIGHTS[spec.source == 'exported']}"
    network.fingerprint = fingerprint(network, data, found)
    files.write(network.weights, data)
    network.state, network.error = State.DONE, ""
    _write(network, found)
    files.remove(upload_name(network))


def _built(network: Network, spec: Spec) -> tuple[nn.Module, bytes, Size]:
    """Return a network made from its architecture, and its weights as safetensors."""
    seed = seed_of(network.requested.get("weights", ""))
    if seed is not None:
        model = architectures.build(spec, None, len(network.classes), seed)
    elif spec.source == architectures.LITE0 and not files.exists(upload_name(network)):
        model = architectures.build(spec, architectures.packaged_lite0())
    else:
        path = files.local(upload_name(network))
        model = architectures.build(spec, weights.read(path, network.requested["file"]))
    return model, weights.packed(model), (None, None)


def _exported(network: Network) -> tuple[nn.Module, bytes, Size]:
    """Return an exported program, its file, and the input size that it fixes."""
    path = files.local(upload_name(network))
    model, size = programs.load(path, network.requested["file"])
    return architectures.settled(model), path.read_bytes(), size


def _preparation(network: Network, spec: Spec, size: Size) -> Preprocessing:
    """Return the architecture's preparation with what the request and the program say.

    Raises:
        SpecRefused: the request wants another size than the program takes.
    """
    given = network.requested.get("preprocessing", {})
    fixed = {k: v for k, v in zip(("height", "width"), size, strict=True) if v is not None}
    for side, value in fixed.items():
        if given.get(side, value) != value:
            raise SpecRefused(f"The program takes images of {side} {value}, not {given[side]}.")
    known = architectures.preparation_of(spec).to_json()
    return Preprocessing.from_json(known | fixed | given)


def _classes(network: Network, spec: Spec, outputs: int) -> list[str]:
    """Return the names of the classes: as told, or ImageNet's for weights known to be its.

    Raises:
        SpecRefused: names were told, but not as many as there are outputs.
    """
    if network.classes and len(network.classes) != outputs:
        raise SpecRefused(
            f"{len(network.classes)} class names were given, the network has {outputs} outputs."
        )
    trained = not network.requested.get("weights")
    if not network.classes and spec.source == architectures.LITE0 and trained and outputs == 1000:
        return architectures.imagenet_classes()
    return list(network.classes)


def fingerprint(network: Network, data: bytes, found: list[layers.Found]) -> str:
    """Return the sha256 over all that decides what a run over this network gives."""
    whole = {
        "arch": network.arch if network.arch[:9] != "exported:" else "exported",
        "weights": hashlib.sha256(data).hexdigest(),
        "untrained": network.requested.get("weights", ""),
        "preprocessing": network.preprocessing,
        "layers": {layer.name: layer.module for layer in found},
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _write(network: Network, found: list[layers.Found]) -> None:
    """Write the row, its layers and their units, all or none."""
    with transaction.atomic():
        if not Network.objects.select_for_update().filter(pk=network.pk).exists():
            return  # deleted meanwhile: a plain save would write the row anew
        network.layers.all().delete()
        rows = Layer.objects.bulk_create(
            _row(network, position, layer) for position, layer in enumerate(found)
        )
        Unit.objects.bulk_create(
            (Unit(layer=row, channel=channel) for row in rows for channel in range(row.channels)),
            batch_size=1000,
        )
        network.save()


def _row(network: Network, position: int, layer: layers.Found) -> Layer:
    row = Layer(network=network, name=layer.name, module=layer.module, position=position)
    row.channels, row.height, row.width = layer.channels, layer.height, layer.width
    if layer.field:
        row.field_size, row.field_stride = layer.field.size, layer.field.stride
        row.field_offset = layer.field.offset
    return row


def _failed(network: Network, reason: str) -> None:
    told = reason.replace("\0", "")[:2000]  # a file may have brought one
    Network.objects.filter(pk=network.pk).update(state=State.FAILED, error=told)
    network.refresh_from_db()
