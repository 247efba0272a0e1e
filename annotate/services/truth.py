"""Counting a campaign anew: the fit of its method and the tables of its page, kept in one row.

Whoever takes an answer in waits for nothing of this: the unit's own label is made by the last fit,
and a count is asked for that many answers share.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from analysis.core.intervals import wilson
from annotate.core.edits import Edits
from annotate.core.heard import Heard, Tables, by_unit, tables
from annotate.core.rules import CATEGORIES
from annotate.core.trust import DIGITS, Trust, group_odds, learnt, read
from annotate.core.truth import BY_HEAD, VERSION, insist_on, learn
from annotate.models import Answer, Campaign, TruthFit, Worker
from annotate.services import audit, comparison, reliability, stopping
from annotate.services.agreement import by_head, tables_of
from annotate.services.audit import About
from annotate.services.consensus import edits_of, publish
from annotate.services.hearing import heard_of, state_of

# A count begins so long after the answer that asked for it, and takes at most a tenth of the time.
REST = timedelta(seconds=30)
SHARE = 10
QUICK = 90  # answers that are counted while a page waits: well below a second
LOST = timedelta(minutes=10)  # a message that nobody heard for so long past its time was lost


class CannotChoose(ValueError):
    """A method that a campaign cannot be counted by; the sentence says why."""


# ---- Counting --------------------------------------------------------------------------------
def renew(campaign: Campaign, now: datetime, everything: bool = False) -> int:
    """Count a campaign anew and make its labels follow; return how many were written.

    Labels of a method that knows workers rest on all answers and are all made anew, once these are
    others than before; those by head are made as answers come, unless ``everything`` is asked for.
    Units of an adaptive campaign are judged anew by what the workers are worth now.
    """
    began, before = monotonic(), last_count(campaign)
    fit = count(campaign, now)
    changed = fit.fingerprint != before.fingerprint and fit.method != BY_HEAD
    published = publish(campaign) if everything or changed else 0
    reliability.note(fit.campaign, fit)
    stopping.judge_all(campaign, now)
    TruthFit.objects.filter(pk=fit.pk).update(seconds=monotonic() - began)
    return published


def count(campaign: Campaign, now: datetime) -> TruthFit:
    """Count a campaign anew from its answers; the same answers give the same row.

    Two counts at once do no harm: the one that began later stays.
    """
    began = monotonic()
    campaign = Campaign.objects.get(pk=campaign.pk)
    row, _ = TruthFit.objects.get_or_create(campaign=campaign)
    # Whatever is answered from here on asks anew.
    TruthFit.objects.filter(pk=row.pk).update(due_at=None)
    state = state_of(campaign)
    heard, edits = heard_of(campaign), edits_of(campaign)
    asked = [one for one in heard if one.truth is None]
    fit = TruthFit(
        pk=row.pk,
        campaign=campaign,
        method=campaign.method,
        tied=campaign.tied,
        version=VERSION,
        state=state,
        fingerprint=fingerprint(campaign, heard),
        answers=len(asked),
        counted_at=now,
    )
    if asked:
        fit.learnt, fit.units = _fit(campaign, heard)
        fit.figures = _figures(campaign, heard, edits)
    fit.seconds = monotonic() - began
    _keep(fit, {one.who for one in heard})
    return TruthFit.objects.get(pk=row.pk)


@transaction.atomic
def _keep(fit: TruthFit, names: set[str]) -> None:
    """Write a count down, unless a later one was faster or somebody has left meanwhile.

    Who leaves renames himself under this lock: his old name must not come back.
    """
    stands = TruthFit.objects.select_for_update(no_key=True).get(pk=fit.pk)
    later = stands.counted_at and fit.counted_at and stands.counted_at > fit.counted_at
    if later or Worker.objects.filter(pseudonym__in=names).count() < len(names):
        return
    fit.due_at = stands.due_at
    fit.save()


def fingerprint(campaign: Campaign, heard: Sequence[Heard]) -> str:
    """Return a hash of all that a fit rests on: method, rule, and what was said."""
    said = [
        [one.unit, one.who, one.member, one.concept, one.category, one.shown, one.kept_of]
        + [sorted(places) for places in (one.controls, one.rejected, one.unseen)]
        + ([one.truth.category, sorted(one.truth.rejected)] if one.truth else [])
        for one in heard
    ]
    whole = json.dumps([VERSION, campaign.method, campaign.tied, said], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()


def _fit(campaign: Campaign, heard: Sequence[Heard]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is kept of the fits of groups and images, and the odds of each unit's groups."""
    made = tables(heard)
    classes = comparison.kinds(heard, made.groups) if campaign.tied else None
    groups = comparison.fitted(made, campaign.method, classes)
    kept = {"groups": groups, "images": _images(campaign, heard, made), "workers": _worth(groups)}
    return kept, _odds(Trust({}, read(groups)), heard)


def _images(campaign: Campaign, heard: Sequence[Heard], made: Tables) -> dict[str, Any] | None:
    """Return what is kept of the fit of images; None where single images are not known."""
    if made.images is None:
        return None
    classes = comparison.kinds(heard, made.images) if campaign.tied else None
    return learnt(learn(made.images, made.known_images, campaign.method, classes), made.images)


def _worth(groups: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each worker's accuracy with its interval, and his weight; the busiest first."""
    columns = (groups.pop("accuracy"), groups.pop("weights"))
    rows = []
    for who, answers, accuracy, weight in zip(
        groups["workers"], groups["answers"], *columns, strict=True
    ):
        low, high = wilson(accuracy, answers)
        numbers = {"accuracy": accuracy, "accuracy_low": low, "accuracy_high": high}
        told = {name: round(value, 4) for name, value in numbers.items()}
        rows.append({"worker": who, "answers": answers, **told, "weight": weight})
    return sorted(rows, key=lambda row: (-row["answers"], row["worker"]))


def _odds(trust: Trust, heard: Sequence[Heard]) -> dict[str, list[float]]:
    """Return the probability of each group by unit."""
    units = by_unit(one for one in heard if one.truth is None)
    return {
        unit: group_odds(
            trust, [one.who for one in some], [CATEGORIES.index(one.category) for one in some]
        )
        .round(DIGITS)
        .tolist()
        for unit, some in units.items()
    }


def _figures(campaign: Campaign, heard: Sequence[Heard], edits: Edits) -> dict[str, Any]:
    """Return the tables of the page, by name."""
    tasks = campaign.tasks.order_by("unit__layer__position")
    layers = list(dict.fromkeys(tasks.values_list("unit__layer__name", flat=True)))
    words = by_head(heard, edits)
    majority = {unit: found.category for unit, found in words.items()}
    own = (campaign.method, campaign.tied)
    other = comparison.compared(own, heard, tables(heard), majority)
    other["changes"].sort(key=lambda row: layers.index(row["layer"]))  # stable: else as they were
    return tables_of(heard, words, layers) | other


# ---- When to count ---------------------------------------------------------------------------
def last_count(campaign: Campaign) -> TruthFit:
    """Return the campaign's row, be it of an earlier state or of none."""
    return TruthFit.objects.filter(campaign=campaign).first() or TruthFit(campaign_id=campaign.pk)


def is_current(campaign: Campaign, fit: TruthFit) -> bool:
    """Tell whether a count rests on the answers as they are now."""
    return fit.counted_at is not None and fit.state == state_of(campaign)


def is_quick(campaign: Campaign) -> bool:
    """Tell whether there are so few answers that a page may wait for their count."""
    return Answer.objects.counted(campaign)[: QUICK + 1].count() <= QUICK


def ask(campaign: Campaign, now: datetime) -> float | None:
    """Ask for a count unless one is on its way; return in how many seconds it shall begin.

    None means that it was asked for already: the one who is given a number sends the message.
    """
    row, _ = TruthFit.objects.defer("learnt", "units", "figures").get_or_create(campaign=campaign)
    wait = max(REST, timedelta(seconds=SHARE * row.seconds))
    free = Q(due_at=None) | Q(due_at__lt=now - LOST)
    mine = TruthFit.objects.filter(free, pk=row.pk).update(due_at=now + wait)
    return wait.total_seconds() if mine else None


# ---- Choosing --------------------------------------------------------------------------------
@transaction.atomic
def choose(
    *, campaign: Campaign, method: str, tied: bool, user: User | None, now: datetime
) -> bool:
    """Choose the method that a campaign's labels are made by; False if it is that already.

    Raises
    ------
    CannotChoose
        there is no such method, or it cannot tie kinds of workers.
    """
    try:
        insist_on(method, tied)
    except ValueError as error:
        raise CannotChoose(f"{error}.") from error
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    before = named(locked.method, locked.tied)
    if before == named(method, tied):
        return False
    Campaign.objects.filter(pk=locked.pk).update(method=method, tied=tied)
    campaign.refresh_from_db(fields=["method", "tied"])
    reason = f"{before} → {named(method, tied)}"
    audit.record(campaign, "method chosen", now, user, About(reason=reason))
    return True


def named(method: str, tied: bool) -> str:
    """Return a method's name as tables and the audit log write it."""
    return f"{method}, kinds of workers tied" if tied else method


# ---- Leaving ---------------------------------------------------------------------------------
@transaction.atomic
def rename_worker(former: str, name: str, campaigns: Sequence[int]) -> None:
    """Replace a pseudonym in what is kept of these campaigns' fits."""
    rows = TruthFit.objects.select_for_update(no_key=True).filter(campaign__in=campaigns)
    for fit in rows.order_by("pk"):
        for part in ("groups", "images"):
            kept = fit.learnt.get(part)
            if kept:
                kept["workers"] = [name if who == former else who for who in kept["workers"]]
        for row in fit.learnt.get("workers", []):
            row["worker"] = name if row["worker"] == former else row["worker"]
        fit.save(update_fields=["learnt"])
