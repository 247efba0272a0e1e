"""Asking more: more answers for each unit, or further units of the same run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.contrib.auth.models import User
from django.db import transaction

from annotate.models import Campaign
from annotate.services.audit import About, record
from annotate.services.campaigns import CannotOpen, Plan, add_tasks, units_of

MOST_ANSWERS = 1000


@dataclass(frozen=True)
class More:
    """What to ask for besides: answers for each unit in all, and further layers or units."""

    answers: int
    layers: Sequence[str] = ()
    units: Sequence[str] = ()  # "conv5/7" or "conv5/0-19"


@dataclass(frozen=True)
class Extended:
    """What it came to: units that want more answers now, units added, units left out."""

    raised: int
    added: int
    left_out: int


@transaction.atomic
def extend(campaign: Campaign, more: More, by: User | None, now: datetime) -> Extended:
    """Ask for more; asking for the same again changes nothing.

    A closed or paused campaign stays so. Units that are asked about already are not added twice.

    Raises
    ------
    CannotOpen
        with a sentence: fewer answers than now, too many, no such layer or unit, or the answers
        were published.
    """
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    _insist_on(locked, more)
    before = locked.answers_per_unit
    locked.answers_per_unit = more.answers
    # What teaches or checks workers wants no answers, and goes on wanting none.
    short = locked.tasks.asked().filter(answers_wanted__lt=more.answers)
    raised = short.update(answers_wanted=more.answers) if more.answers > before else 0
    added, left_out = _add(locked, more)
    locked.save(update_fields=["answers_per_unit", "left_out"])
    if more.answers > before or added:
        told = f"{before} to {more.answers} answers per unit, {added} units added"
        record(locked, "extended", now, by, About(reason=told))
    campaign.refresh_from_db()
    return Extended(raised, added, left_out)


def _insist_on(campaign: Campaign, more: More) -> None:
    """Refuse what would ask for less, or cannot be asked."""
    if campaign.published:
        raise CannotOpen(f"{campaign.slug} holds published answers: nobody can be asked there.")
    if campaign.adaptive and more.answers != campaign.answers_per_unit:
        raise CannotOpen(
            f"{campaign.slug} asks about each unit until it is sure enough: change its targets on "
            "the page of its answers; further units can be added here."
        )
    if not campaign.answers_per_unit <= more.answers <= MOST_ANSWERS:
        raise CannotOpen(
            f"{more.answers} answers per unit: give {campaign.answers_per_unit} (as now) to"
            f" {MOST_ANSWERS:,}; answers that were given are never taken back by this."
        )


def _add(campaign: Campaign, more: More) -> tuple[int, int]:
    """Add the layers and units named; return how many were added, and how many left out."""
    plans = [Plan(layers=more.layers)] if more.layers else []
    plans += [Plan(units=more.units)] if more.units else []
    if not plans:
        return 0, 0
    wanted = reduce(or_, (units_of(campaign.run_shown, plan) for plan in plans))
    new = wanted.exclude(tasks__campaign=campaign).in_order()
    before = campaign.tasks.count()
    # Whoever was left out before is tried again: what stood against it may be gone.
    tried = {str(unit) for unit in new}
    refused = add_tasks(campaign, new)
    kept = [one for one in campaign.left_out if one["unit"] not in tried]
    campaign.left_out = kept + refused
    return campaign.tasks.count() - before, len(refused)
