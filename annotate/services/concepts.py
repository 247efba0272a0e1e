"""The concepts of a campaign: who said what behind each, and what a researcher makes of them.

A decision is a row of its own and is never changed; to undo one is a decision too. Labels are
made anew at once, in the same transaction, so a decision and what it changed stand or fall
together.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from analysis.models import UnitSemantics
from annotate.core.edits import Edits, key_of, standing
from annotate.core.phrases import heads, read
from annotate.core.relations import english
from annotate.core.words import clean_concept, spelling
from annotate.models import Answer, Campaign, ConceptDecision, Task
from annotate.services.consensus import edits_of, publish_task
from annotate.services.standing import labels_of
from annotate.services.trust import trust_of

Act = ConceptDecision.Act
# What ties a word to a concept as the same thing; the others name a kind of it, or list it.
STRICT = {"same word", "spelling", "synonyms", "researcher"}


class DecisionRefused(ValueError):
    """A decision that cannot be; the sentence says why."""


@dataclass
class Word:
    """A word behind a concept: who said it, in which way it stands there, and why."""

    stands: str
    why: str
    texts: list[str] = field(default_factory=list)
    workers: Counter[str] = field(default_factory=Counter)

    @property
    def text(self) -> str:
        """Return its commonest spelling."""
        return spelling(self.texts)

    @property
    def is_same(self) -> bool:
        """Tell a word for the concept itself from one for a kind of it."""
        return self.stands in STRICT

    @property
    def who(self) -> list[tuple[str, int]]:
        """Return the pseudonyms with how often each said it, the most often first."""
        return sorted(self.workers.items(), key=lambda item: (-item[1], item[0]))


@dataclass
class ConceptRow:
    """A concept of the campaign: its labels, and the words behind it by their keys."""

    key: str
    labels: list[UnitSemantics] = field(default_factory=list)
    words: dict[str, Word] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return what it is shown as: the commonest of its labels."""
        return spelling([label.concept for label in self.labels])

    @property
    def spelt(self) -> str:
        """Return what it would be called without a researcher's name."""
        return spelling([label.details.get("spelt") or label.concept for label in self.labels])

    @property
    def answers(self) -> int:
        """Count the answers behind the concept."""
        return sum(len(word.texts) for word in self.words.values())

    @property
    def removable(self) -> list[Word]:
        """Return the words that can be split off: all but the concept's own."""
        return [word for key, word in self.words.items() if key != self.key]


# ---- Reading ---------------------------------------------------------------------------------
def concepts(campaign: Campaign) -> list[ConceptRow]:
    """Return the concepts of a campaign's labels, those with the most units first."""
    rows: dict[str, ConceptRow] = {}
    labels = labels_of(campaign).select_related("unit__layer__network")
    for label in labels.order_by("unit__layer__position", "unit__channel"):
        key = label.details.get("key") or key_of(label.concept)
        row = rows.setdefault(key, ConceptRow(key))
        row.labels.append(label)
        for said in label.details.get("words", []):
            if said.get("stands"):
                new = Word(said["stands"], said["why"])
                word = row.words.setdefault(key_of(said["concept"]), new)
                word.texts.append(said["concept"])
                word.workers[said["worker"]] += 1
    return sorted(rows.values(), key=lambda row: (-len(row.labels), row.name.casefold(), row.key))


def suggestions(rows: Iterable[ConceptRow], edits: Edits) -> list[tuple[ConceptRow, ConceptRow]]:
    """Return pairs of concepts that WordNet has as synonyms: the rarer, the commoner.

    ``rows`` come as `concepts` gives them. Different units call one thing differently; nobody but
    a researcher merges them.
    """
    first: dict[int, ConceptRow] = {}
    found = []
    for row in rows:
        meanings = english().senses(read(row.spelt)[0].words)
        if not meanings:
            continue
        there = first.setdefault(meanings[0].offset, row)
        if there is not row and not edits.separates(there.key, row.key):
            found.append((row, there))
    return found


def history(campaign: Campaign) -> list[tuple[ConceptDecision, bool]]:
    """Return the decisions, newest first, each with whether it holds."""
    rows = list(decisions(campaign).select_related("decided_by", "undoes"))
    holds = standing((row.pk, row.undoes_id) for row in rows)
    return [(row, row.pk in holds) for row in reversed(rows)]


def decisions(campaign: Campaign) -> QuerySet[ConceptDecision]:
    """Return the decisions of a campaign in their order."""
    return ConceptDecision.objects.filter(campaign=campaign).order_by("pk")


# ---- Deciding --------------------------------------------------------------------------------
def merge(*, campaign: Campaign, word: str, into: str, user: User | None) -> ConceptDecision:
    """Read a word, and all that stands behind it as the same, as another concept.

    Raises
    ------
    DecisionRefused
        nobody wrote the word, both are one already, or the other is no word.
    """
    with transaction.atomic():
        state = _Campaign(campaign)
        source, target = state.resolve(word), state.resolve(_clean(into))
        if state.key(source) == state.key(target):
            raise DecisionRefused(f"“{source}” and “{target}” are one concept already.")
        words = state.words_of(source)
        words = [text for text in words if state.key(text) != state.key(target)]
        row = ConceptDecision(campaign=campaign, act=Act.MERGE, concept=target, words=words)
        return state.decide(row, user)


def split(*, campaign: Campaign, word: str, concept: str, user: User | None) -> ConceptDecision:
    """Take a word off a concept: it is neither that, nor a kind of it.

    Raises
    ------
    DecisionRefused
        the word does not stand behind the concept, or is the concept itself.
    """
    with transaction.atomic():
        state = _Campaign(campaign)
        found = state.row(state.resolve(concept))
        there = found.words.get(key_of(word)) if found else None
        if found is None or there is None:
            raise DecisionRefused(f"“{word}” does not stand behind “{concept}”.")
        if key_of(word) == found.key:
            raise DecisionRefused(
                f"“{word}” is the concept itself: rename it, or split the other words off."
            )
        others = [text.text for key, text in found.words.items() if text.is_same]
        words = [there.text, *(text for text in others if key_of(text) != key_of(word))]
        row = ConceptDecision(campaign=campaign, act=Act.SPLIT, concept=found.spelt, words=words)
        return state.decide(row, user)


def rename(*, campaign: Campaign, concept: str, name: str, user: User | None) -> ConceptDecision:
    """Show a concept under a name of one's own, in every unit.

    Raises
    ------
    DecisionRefused
        there is no such concept, the name is no word, is its name already or another's.
    """
    with transaction.atomic():
        state = _Campaign(campaign)
        name = _clean(name)
        found = state.row(state.resolve(concept))
        if found is None:
            raise DecisionRefused(f"No unit of this campaign is labelled “{concept}”.")
        if found.name == name:
            raise DecisionRefused(f"It is called “{name}” already.")
        if any(row.key != found.key and name in (row.name, row.spelt) for row in state.rows):
            raise DecisionRefused(f"There is a concept “{name}” already: merge the two instead.")
        row = ConceptDecision(campaign=campaign, act=Act.RENAME, concept=found.spelt, name=name)
        return state.decide(row, user)


def undo(*, campaign: Campaign, decision: int, user: User | None) -> ConceptDecision:
    """Take back a decision by a new one.

    Raises
    ------
    DecisionRefused
        the campaign has no such decision, or it was undone before.
    """
    with transaction.atomic():
        state = _Campaign(campaign)
        found = decisions(campaign).filter(pk=decision).first()
        if found is None:
            raise DecisionRefused("This campaign has no such decision.")
        if ConceptDecision.objects.filter(undoes=found).exists():
            raise DecisionRefused("It was undone before.")
        return state.decide(ConceptDecision(campaign=campaign, act=Act.UNDO, undoes=found), user)


class _Campaign:
    """A campaign's words as they stand, locked: one decision at a time."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        self.rows = concepts(self.campaign)
        self.edits = edits_of(self.campaign)
        answers = Answer.objects.counted(self.campaign)
        self.said = list(answers.order_by("pk").values_list("task_id", "concept"))

    def row(self, concept: str) -> ConceptRow | None:
        """Return the concept of this name among the labels."""
        key = self.key(concept)
        return next((row for row in self.rows if key in (row.key, key_of(row.spelt))), None)

    def resolve(self, text: str) -> str:
        """Return the words that a text means: a name that was given means the concept's own."""
        for row in self.rows:
            if text in (row.name, row.spelt):
                return row.spelt
        return text

    def key(self, text: str) -> str:
        """Return the key that a text is read by."""
        return self.edits.reading(read(text)[0]).key

    def words_of(self, text: str) -> list[str]:
        """Return a word with all that stands behind it as the same.

        Raises
        ------
        DecisionRefused
            nobody wrote it, and no label is called so.
        """
        found = self.row(text)
        told = {key_of(concept): concept for _, concept in reversed(self.said)}
        if found is None and key_of(text) not in told:
            raise DecisionRefused(f"Nobody in this campaign wrote “{text}”.")
        same = [word.text for word in found.words.values() if word.is_same] if found else []
        first = {key_of(one): one for one in reversed([text, *same])}
        return sorted(first.values(), key=lambda one: one != text)

    def decide(self, row: ConceptDecision, user: User | None) -> ConceptDecision:
        """Write the decision, make the labels that it touches anew, and note which changed."""
        row.decided_by = user
        row.save()
        touched = self._tasks(_keys(row))
        before = {label.unit_id: label.concept for label in self._labels(touched)}
        trust = trust_of(self.campaign)
        for task in touched:
            publish_task(task, trust=trust)
        row.changed = [
            {
                "layer": label.unit.layer.name,
                "channel": label.unit.channel,
                "before": before.get(label.unit_id, ""),
                "after": label.concept,
            }
            for label in self._labels(touched)
            if before.get(label.unit_id) != label.concept
        ]
        row.save(update_fields=["changed"])
        return row

    def _tasks(self, keys: set[str]) -> list[Task]:
        """Return the tasks where somebody wrote one of these words, or the label is one."""
        wrote = {task for task, said in self.said if keys & _spoken(said)}
        units = {label.unit_id for row in self.rows if row.key in keys for label in row.labels}
        heads = self.campaign.tasks.asked().filter(unit__in=units).values_list("pk", flat=True)
        tasks = self.campaign.tasks.filter(pk__in=wrote | set(heads))
        return list(tasks.order_by("unit__layer__position", "unit__channel"))

    def _labels(self, tasks: Iterable[Task]) -> QuerySet[UnitSemantics]:
        """Return the labels of these tasks' units, in the order of the network."""
        labels = labels_of(self.campaign).filter(unit__in=[task.unit_id for task in tasks])
        ordered = labels.order_by("unit__layer__position", "unit__channel")
        return ordered.select_related("unit__layer")


def _spoken(text: str) -> set[str]:
    """Return the keys of what a text names, and of the nouns that head it."""
    found = read(text)
    return {one.key for one in found} | {key_of(head) for one in found for head in heads(one.words)}


def _keys(row: ConceptDecision) -> set[str]:
    """Return the keys that a decision speaks of; of an undo, those of what it undoes."""
    about = row
    while about.undoes is not None:
        about = about.undoes
    return {key_of(text) for text in (about.concept, *about.words) if text}


def _clean(text: str) -> str:
    """Return words as they are stored, or say what is wrong with them."""
    try:
        return clean_concept(text)
    except ValueError as error:
        raise DecisionRefused(str(error)) from error
