"""Opening a network's atlas to everybody, or by a link, and what stands against it.

Whoever still labels must not read what others said. So a network is neither made public nor shared
by a link while people are asked about it, and people are not asked about one that is.
"""

from django.contrib.auth.models import User
from django.db import transaction

from analysis.models import Network, SharedLink
from analysis.services import sharing
from annotate.models import Campaign


class CannotPublish(ValueError):
    """A network that cannot be shown to others now, with the reason as a sentence."""


@transaction.atomic
def make_public(network: Network) -> None:
    """Let anyone read the network's atlas.

    Raises
    ------
    CannotPublish
        while a campaign among people about its units is open or paused.
    """
    _insist_nobody_is_asked(network, "in a public atlas")
    Network.objects.filter(pk=network.pk).update(public=True)


@transaction.atomic
def share(*, network: Network, user: User, name: str, days: int | None) -> tuple[SharedLink, str]:
    """Make a link that shows the network; see `sharing.make`, which tells its secret only now.

    Raises
    ------
    CannotPublish
        while a campaign among people about its units is open or paused.
    LinkRefused
        for a name or a number of days that cannot be.
    """
    _insist_nobody_is_asked(network, "by the link")
    return sharing.make(network=network, user=user, name=name, days=days)


def make_private(network: Network) -> None:
    """Let researchers only read the network's atlas."""
    Network.objects.filter(pk=network.pk).update(public=False)


def _insist_nobody_is_asked(network: Network, where: str) -> None:
    """Lock the network, so that opening a campaign waits here, and refuse while one is open."""
    Network.objects.select_for_update(no_key=True).get(pk=network.pk)
    asked = Campaign.objects.filter(network=network, simulated=False)
    open_ones = asked.exclude(state=Campaign.State.CLOSED).order_by("slug")
    if names := list(open_ones.values_list("slug", flat=True)):
        raise CannotPublish(
            f"People are still asked about {network.slug} (campaign {', '.join(names)}): "
            f"{where} they could read each other's labels. Close the campaign first."
        )
