"""Whose labels stand for which masks' objects, as an address asks, and what else there is."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from analysis.models import ImageSet, Network
from analysis.services import objects
from analysis.services.label_choices import Asked, Choice, labels_chosen
from analysis.services.object_figures import Shown
from analysis.services.statistics import OF_OBJECTS

NO_IMAGES = "(none)"  # asked for as the image set: none; a name has no brackets


class ObjectChoice(NamedTuple):
    """Whose labels stand for which masks' objects, what is measured, what else there is."""

    labels: Choice
    sets: list[ImageSet]
    layers: list[str]  # of the network
    shown: Shown | None  # none without an image set that has masks


def objects_chosen(network: Network, asked: Asked) -> ObjectChoice | None:
    """Return what is asked for, or the usual; None where there are no labels."""
    labels = labels_chosen(network, asked)
    return objects_of(labels, asked) if labels else None


def objects_of(labels: Choice, asked: Asked) -> ObjectChoice:
    """Return what is asked for of labels that are read already, or the usual."""
    network = labels.wanted.network
    sets = objects.sets_for(network)
    names = list(network.layers.order_by("position").values_list("name", flat=True))
    named = asked.get("images")
    image_set = next((one for one in sets if one.slug == named), None)
    if named != NO_IMAGES:
        image_set = image_set or next(iter(sets), None)
    if image_set is None:
        return ObjectChoice(labels, sets, names, None)
    some = asked.get("layers", "").split(",")
    wanted = objects.Wanted(
        network,
        labels.wanted.source,
        image_set,
        labels.wanted.campaign,
        labels.wanted.threshold,
        tuple(name for name in names if name in some),
    )
    return ObjectChoice(labels, sets, names, shown_of(wanted, asked))


def shown_of(wanted: objects.Wanted, asked: Asked) -> Shown:
    """Return what figures of objects show: the measures that are asked for, or the usual."""
    return Shown(
        wanted=wanted,
        frequency=_one_of(objects.FREQUENCY, asked.get("frequency")),
        informativeness=_one_of(objects.INFORMATIVENESS, asked.get("informativeness")),
        counted=_one_of(objects.COUNTED, asked.get("objects")),
        downloads={name: table_of_objects(name, wanted) for name in OF_OBJECTS},
    )


def table_of_objects(statistic: str, wanted: objects.Wanted) -> str:
    """Return the address of a statistic of objects as CSV."""
    asked = {
        "network": wanted.network.slug,
        "source": wanted.source,
        "image_set": wanted.image_set.slug,
        "threshold": f"{wanted.threshold:g}",
    }
    if wanted.campaign:
        asked["campaign"] = wanted.campaign
    if wanted.layers:
        asked["layers"] = ",".join(wanted.layers)
    return f"{reverse('api-statistics-csv', args=[statistic])}?{urlencode(asked)}"


def _one_of(names: Iterable[str], asked: str | None) -> str:
    """Return what is asked for if it is one of these names, else the first."""
    some = list(names)
    return asked if asked in some else some[0]


def asked_in_report(network: Network, asked: Asked) -> Asked:
    """Return what a report asks about a network: its image set is its own, or one that is named."""
    own, may_be_named = objects.sets_for_report(network)
    named = [one for one in may_be_named if one.slug == asked.get("images")]
    slug = next((one.slug for one in (*named, *own)), NO_IMAGES)
    return {**asked, "images": slug}


def no_images(network: Network) -> str:
    """Say why nothing tells which objects there are, and how to get it."""
    told = f"No image set with masks that {network} was run over says which objects there are:"
    if not network.published_only:
        told += f" run it over one, manage.py analyze {network} IMAGES --steps count, or"
    return f"{told} name a set that a public network was shown, manage.py report --images NAME."
