"""Rows of whom we asked: campaigns, tasks, workers, answers, decisions on words, lessons."""

from annotate.models.answers import Answer, Assignment
from annotate.models.audit import AuditEntry
from annotate.models.campaigns import Campaign, Task, Worker
from annotate.models.concepts import ConceptDecision
from annotate.models.teaching import Lesson, PracticeAnswer, PracticeRound

__all__ = [
    "Answer",
    "Assignment",
    "AuditEntry",
    "Campaign",
    "ConceptDecision",
    "Lesson",
    "PracticeAnswer",
    "PracticeRound",
    "Task",
    "Worker",
]
