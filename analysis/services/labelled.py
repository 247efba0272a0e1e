"""How many units of a network have a label, by whom: one count for every page that says so."""

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from analysis.models import Network, Source, Unit, UnitSemantics
from analysis.services.label_choices import Choice

BY = {
    Source.PEOPLE: _("by people"),
    Source.PUBLISHED: _("from a publication"),
    Source.MACHINE: _("by a machine"),
    Source.SIMULATED: _("by simulated workers"),
}


def units() -> QuerySet[Unit]:
    """Return the units that have a label, by whomever; one with several stands there so often."""
    return Unit.objects.filter(semantics__isnull=False)


def by_anyone(network: Network) -> int:
    """Return how many units of a network have a label, whoever gave it."""
    return units().filter(layer__network=network).distinct().count()


def by_source(network: Network) -> dict[Source, int]:
    """Return how many units each source has labelled, people first; a unit may have several."""
    rows = UnitSemantics.objects.filter(unit__layer__network=network).order_by()
    found = dict(rows.values_list("source").annotate(Count("unit", distinct=True)))
    return {source: found[source] for source in BY if source in found}


def told(choice: Choice) -> str:
    """Say how many units have the labels chosen, and beside them how many have any label."""
    number, wanted = len(choice.labels), choice.wanted
    whose = f"{BY[Source(wanted.source)]}{f' ({wanted.campaign})' if wanted.campaign else ''}"
    said = f"{number:,} unit{'' if number == 1 else 's'} with a label {whose}"
    every = by_anyone(wanted.network)
    return said if every == number else f"{said}, of {every:,} with a label by anyone"
