"""How far a campaign trusts its workers: what is kept of its last fit, and what it makes of a unit.

A fit that was made by another method than the campaign has chosen since is not used: until the
next one all count alike, and the labels say so.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from annotate.core.consensus import Basis, Said, vote_table
from annotate.core.rules import CATEGORIES
from annotate.core.trust import DIGITS, Trust, group_odds, image_odds, read
from annotate.core.truth import BY_HEAD, VERSION
from annotate.models import Campaign, Task, TruthFit


def trust_of(campaign: Campaign) -> Trust | None:
    """Return what the campaign's labels are made by; None where all count alike."""
    if campaign.method == BY_HEAD:
        return None
    rows = TruthFit.objects.filter(campaign=campaign, method=campaign.method, tied=campaign.tied)
    fit = rows.filter(version=VERSION, answers__gt=0).defer("units", "figures").first()
    if fit is None:
        return None
    images = fit.learnt["images"]
    return Trust(
        rule={**rule_of(campaign), "answers": fit.answers, "fit": fit.fingerprint[:16]},
        groups=read(fit.learnt["groups"]),
        images=read(images) if images else None,
        weights={row["worker"]: row["weight"] for row in fit.learnt["workers"]},
    )


def rule_of(campaign: Campaign) -> dict[str, Any]:
    """Return the rule that a campaign has chosen, as its labels name it."""
    return {"method": campaign.method, "version": VERSION, "tied": campaign.tied}


def judged(trust: Trust | None, said: Sequence[Said], task: Task, basis: Basis) -> Basis:
    """Return the basis with what the trust in its workers makes of one unit's group and images."""
    if trust is None:
        return basis
    who = [one.who for one in said]
    odds = group_odds(trust, who, [CATEGORIES.index(one.category) for one in said])
    fits: Mapping[int, float] | None = None
    places = [place for place in range(len(task.items)) if place not in task.controls]
    if trust.images is not None and places:
        found = image_odds(trust.images, who, vote_table(said, places)).round(DIGITS)
        fits = dict(zip(places, found.tolist(), strict=True))
    return Basis(
        weights=basis.weights or trust.weights,
        edits=basis.edits,
        meanings=basis.meanings,
        category=CATEGORIES[int(odds.argmax())],
        odds=tuple(odds.round(DIGITS).tolist()),
        fits=fits,
    )


def details_of(trust: Trust | None, basis: Basis, task: Task) -> dict[str, Any]:
    """Return what a label keeps of the truth behind it: rule, odds of the groups, of the images.

    ``fits`` goes by the key of the top image, as the votes do.
    """
    if trust is None:
        return {"truth": {"method": BY_HEAD, "version": VERSION}}
    named = dict(zip(CATEGORIES, basis.odds, strict=True))
    kept: dict[str, Any] = {"truth": {**trust.rule, "groups": named}}
    if basis.fits is not None:
        kept["fits"] = {str(task.items[place]): odds for place, odds in basis.fits.items()}
    return kept
