"""Opening a network's atlas to everybody, and what stands against it.

Whoever still labels must not read what others said. So a network is not made public while people
are asked about it, and people are not asked about a public network.
"""

from django.db import transaction

from analysis.models import Network
from annotate.models import Campaign


class CannotPublish(ValueError):
    """A network that cannot be made public now, with the reason as a sentence."""


@transaction.atomic
def make_public(network: Network) -> None:
    """Let anyone read the network's atlas.

    Raises
    ------
    CannotPublish
        while a campaign among people about its units is open or paused.
    """
    Network.objects.select_for_update(no_key=True).get(pk=network.pk)  # opening waits here
    asked = Campaign.objects.filter(network=network, simulated=False)
    open_ones = asked.exclude(state=Campaign.State.CLOSED).order_by("slug")
    if names := list(open_ones.values_list("slug", flat=True)):
        raise CannotPublish(
            f"People are still asked about {network.slug} (campaign {', '.join(names)}): "
            "in a public atlas they could read each other's labels. Close the campaign first."
        )
    Network.objects.filter(pk=network.pk).update(public=True)


def make_private(network: Network) -> None:
    """Let researchers only read the network's atlas."""
    Network.objects.filter(pk=network.pk).update(public=False)
