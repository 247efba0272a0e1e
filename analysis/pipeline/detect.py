"""What one image shows, for somebody who waits: one forward pass of a network that is kept warm.

The networks kept here are apart from those of running steps (pipeline/forward.py): neither drives
the other out of memory, and no two threads watch the layers of one network at the same time.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from analysis.core.activations import maps_and_output
from analysis.core.images import Preprocessing, normalised
from analysis.core.localisation import Found, NamedUnits, objects, scene
from analysis.core.runlengths import runs_of
from analysis.models import Detection, Network
from analysis.pipeline import devices, networks
from analysis.pipeline.forward import layout
from analysis.pipeline.naming import named_units
from analysis.services import detections, naming

logger = logging.getLogger(__name__)
# Networks kept: a page for one, and a comparison with another.
KEPT = 2
MOST_OBJECTS = 40
LIKELIEST = 5


@dataclass
class Warm:
    """A network that is ready to look, and the named units that it was last asked for."""

    model: nn.Module
    preparation: Preprocessing
    device: torch.device
    stamp: tuple[Any, ...] = ()
    layers: tuple[naming.NamedLayer, ...] = ()
    named: dict[str, NamedUnits] | None = None


_warm: OrderedDict[tuple[int, str], Warm] = OrderedDict()
# One image after another: a thread more would only make both slower, and share the hooks.
_looking = Lock()


def answer(detection: Detection) -> None:
    """Look at a claimed question's image and write the answer into its row."""
    try:
        with _looking:
            found = look(detection.network, bytes(detection.pixels))
    except ValueError as error:
        detections.settle(detection, None, str(error))
    except Exception:
        # What went wrong may name files of this machine: that is for the log, not for strangers.
        logger.exception("the image for %s could not be looked at", detection.network)
        detections.settle(detection, None, "it broke off; the log of the worker says why.")
    else:
        detections.settle(detection, found)


def look(network: Network, pixels: bytes) -> dict[str, Any]:
    """Return the scene and the objects that a network sees; boxes in pixels of its input.

    ``pixels`` are the RGB of the input, height × width × 3 bytes. What can be said of the objects
    does not depend on whether the output is a score of classes, nor the other way round.

    Raises:
        ValueError: the pixels are no input of the network, or a layer is not there.
    """
    warm = _ready(network)
    maps, output = maps_and_output(warm.model, list(warm.named or {}), _input(warm, pixels))
    seen = {name: one[0].float().cpu().numpy() for name, one in maps.items()}
    found = objects(seen, warm.named or {})
    return {
        **_scene(output, network),
        "objects": [_told(one, warm) for one in found[:MOST_OBJECTS]],
        "objects_left_out": max(0, len(found) - MOST_OBJECTS),
        "named_units": sum(len(layer.units) for layer in warm.layers),
        "named_by": naming.sources_in_words(list(warm.layers)),
        "runs": sorted({layer.run.short_key for layer in warm.layers}),
    }


def _ready(network: Network) -> Warm:
    """Return the network, loaded once, with the named units as they are now."""
    device = devices.here()
    devices.settle(device)
    key = network.fingerprint, str(device)
    warm = _warm.get((network.pk, "/".join(key)))
    if warm is None:
        model, preparation = networks.load(network, device)
        warm = Warm(model.to(memory_format=layout(model)), preparation, device)
        _warm[network.pk, "/".join(key)] = warm
        while len(_warm) > KEPT:
            _warm.popitem(last=False)
    _warm.move_to_end((network.pk, "/".join(key)))
    stamp = naming.stamp(network)
    if warm.named is None or warm.stamp != stamp:
        layers = naming.names(network)
        warm.named = {one.layer.module: named_units(one, warm.preparation) for one in layers}
        warm.layers, warm.stamp = tuple(layers), stamp
    return warm


def _input(warm: Warm, pixels: bytes) -> Float32[Tensor, "1 3 height width"]:
    """Return the pixels as the network takes them."""
    height, width = warm.preparation.height, warm.preparation.width
    if len(pixels) != height * width * 3:
        raise ValueError(f"{len(pixels):,} bytes are no image of {height} × {width}.")
    image = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    batch = torch.from_numpy(normalised(image, warm.preparation))[None]  # (1, 3, height, width)
    return batch.to(warm.device).contiguous(memory_format=layout(warm.model))


def _scene(output: Any, network: Network) -> dict[str, Any]:
    """Return the likeliest scenes, or why there are none."""
    try:
        if not isinstance(output, Tensor):
            kind = type(output).__name__
            raise ValueError(f"The network's output is a {kind}, no score of classes: no scene.")
        found = scene(output[0].float().cpu().numpy(), network.classes, LIKELIEST)
    except ValueError as refused:
        return {"scene": [], "scene_refused": str(refused)}
    told = [{"name": name, "probability": round(share, 6)} for name, share in found]
    return {"scene": told, "scene_refused": ""}


def _told(found: Found, warm: Warm) -> dict[str, Any]:
    """Return one object as JSON: its mask as run lengths at the size of the input."""
    by = {
        (layer.layer.module, unit.channel): (layer.layer.name, unit)
        for layer in warm.layers
        for unit in layer.units
    }
    units = []
    for module, channel, score in found.units:
        layer, unit = by[module, channel]
        units.append(
            {
                "layer": layer,
                "channel": channel,
                "score": round(score, 4),
                "label": unit.concept,
                "source": unit.source,
                "origin": unit.origin,
            }
        )
    return {
        "concept": found.concept,
        "score": round(found.score, 4),
        "area": round(float(found.mask.mean()), 4),
        "boxes": [list(box) for box in found.boxes],
        "mask": {"size": list(found.mask.shape), "counts": runs_of(found.mask)},
        "units": units,
    }
