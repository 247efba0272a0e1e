"""Networks whose units are known from published answers only: no weights, so nothing to run."""

from collections.abc import Mapping

from django.db import transaction

from analysis.models import Layer, Network, State, Unit
from analysis.services.networks import NetworkRefused
from analysis.services.registering import RegistrationRefused, check_slug


@transaction.atomic
def network_for(
    slug: str, channels: Mapping[str, int], *, whole: bool, note: str, synthetic: bool = False
) -> tuple[Network, bool]:
    """Return the network that answers are about, and whether it was made now.

    ``channels`` are the units of each layer, in the order of the layers: exactly as many as each
    has, or (not ``whole``) at least as many. A network that is there is not changed.

    Raises:
        NetworkRefused: the name cannot be used, or the network that is there has other layers.
    """
    network = Network.objects.filter(slug=slug).first()
    if network is not None:
        _insist_on_layers(network, channels, whole)
        return network, False
    try:
        check_slug(slug)
    except RegistrationRefused as error:
        raise NetworkRefused(str(error)) from error
    network = Network.objects.create(slug=slug, state=State.DONE, note=note, synthetic=synthetic)
    for position, (name, count) in enumerate(channels.items()):
        layer = Layer.objects.create(
            network=network, name=name, position=position, channels=count, height=0, width=0
        )
        Unit.objects.bulk_create(
            (Unit(layer=layer, channel=channel) for channel in range(count)), batch_size=1000
        )
    return network, True


def _insist_on_layers(network: Network, channels: Mapping[str, int], whole: bool) -> None:
    """Refuse answers about layers or units that the network does not have."""
    if network.state != State.DONE:
        raise NetworkRefused(f"Network {network} is {network.state}: wait until it is inspected.")
    known = dict(network.layers.order_by("position").values_list("name", "channels"))
    for name, count in channels.items():
        if name not in known:
            has = ", ".join(known) or "none"
            raise NetworkRefused(
                f"Network {network} has no layer {name!r}; its layers are: {has}. Name another"
                " network, or one that does not exist yet."
            )
        if count > known[name] or (whole and count != known[name]):
            raise NetworkRefused(
                f"Layer {name} of {network} has {known[name]:,} units, the file {count:,}: this is"
                " another network."
            )
