"""What people say that a concept means: each decision is kept, and the last can be undone."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from analysis.models import ConceptMatch, MatchDecision
from analysis.services.dissection import class_names
from analysis.services.matching import How, MatchRefused, found

Act = MatchDecision.Act


class MatchChanged(MatchRefused):
    """Somebody was quicker, or the same button was pressed twice."""


@dataclass(frozen=True)
class Wish:
    """What a person wants: a class (with ``label``), no class, the machine's word, or to undo.

    ``seen`` is the version of the match that he looked at; None: whatever it is by now.
    """

    act: str
    label: int | None = None
    seen: int | None = None


@transaction.atomic
def change(*, match: ConceptMatch, wish: Wish, user: User | None) -> ConceptMatch:
    """Do what a person wishes, once, and write it into the history of the match.

    Nothing is written where the match is what is wished already.

    Raises:
        MatchRefused: no class that the masks have, one where none belongs, or nothing to undo.
        MatchChanged: the match is not the one that the person saw.
    """
    if wish.act != Act.CLASS and wish.label is not None:
        raise MatchRefused(f"A class ({wish.label}) goes with the decision for a class only.")
    match.refresh_from_db()
    last = None
    if wish.act == Act.UNDO:
        _insist_on(match, wish.seen)  # first: a second press must not undo one decision more
        last = last_decision(match)
        if last is None:
            raise MatchRefused(f"Nothing was decided about {match.concept}: nothing to undo.")
    wanted = _wanted(match, wish, last)
    if last is None and _is(match, wanted):
        return match
    _insist_on(match, wish.seen)
    _write(match, wanted)
    MatchDecision.objects.create(
        match=match,
        number=match.version + 1,
        act=wish.act,
        user=user,
        before_label=match.label,
        before_how=match.how,
        after_label=wanted.label,
        after_how=wanted.how,
        undoes=last,
    )
    match.refresh_from_db()
    return match


def last_decision(match: ConceptMatch) -> MatchDecision | None:
    """Return the newest decision that was not undone: the one that undoing takes back."""
    standing = match.decisions.exclude(act=Act.UNDO).filter(undone_by=None)
    return standing.order_by("number").last()


def _wanted(match: ConceptMatch, wish: Wish, last: MatchDecision | None) -> ConceptMatch:
    """Return the match as it shall be, as a row that is not stored."""
    label = wish.label
    if last is not None:
        label = last.before_label
    elif wish.act == Act.CLASS:
        _insist_on_class(match, label)
    if wish.act == Act.MACHINE or (last is not None and last.before_how != How.PERSON):
        return found(match.image_set, match.concept)
    return ConceptMatch(label=label, how=How.PERSON, why="a person says so")


def _insist_on_class(match: ConceptMatch, label: int | None) -> None:
    """Refuse a decision without a class, and a class that the masks do not have."""
    if label is None:
        raise MatchRefused(f"Which class does {match.concept} mean? Give its index in the masks.")
    if label not in dict(class_names(match.image_set)):
        raise MatchRefused(f"The masks of {match.image_set} have no class {label}.")


def _is(match: ConceptMatch, wanted: ConceptMatch) -> bool:
    """Tell whether a match is so already; what machines say is theirs, whichever class it is."""
    if wanted.how != How.PERSON:
        return match.how != How.PERSON
    return (match.how, match.label) == (wanted.how, wanted.label)


def _insist_on(match: ConceptMatch, seen: int | None) -> None:
    if seen is not None and seen != match.version:
        raise _too_late(match)


def _write(match: ConceptMatch, wanted: ConceptMatch) -> None:
    """Change the row if it is still the one that was read."""
    same = ConceptMatch.objects.filter(pk=match.pk, version=match.version)
    changed = same.update(
        label=wanted.label,
        how=wanted.how,
        why=wanted.why,
        version=match.version + 1,
        changed_at=timezone.now(),
    )
    if not changed:
        raise _too_late(match)


def _too_late(match: ConceptMatch) -> MatchChanged:
    return MatchChanged(
        f"The match of {match.concept} has been changed meanwhile: look at it as it stands now,"
        " then decide."
    )
