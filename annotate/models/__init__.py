"""Rows of whom we asked: campaigns, workers, answers and what was made of them, lessons."""

from annotate.models.answers import Answer, Assignment
from annotate.models.audit import AuditEntry
from annotate.models.campaigns import Campaign, Task, Worker
from annotate.models.concepts import ConceptDecision
from annotate.models.reliability import Reliability
from annotate.models.reviews import Review
from annotate.models.rulings import Appeal, CampaignRules, Ruling
from annotate.models.teaching import Lesson, PracticeAnswer, PracticeRound
from annotate.models.truth import TruthFit

__all__ = [
    "Answer",
    "Appeal",
    "Assignment",
    "AuditEntry",
    "Campaign",
    "CampaignRules",
    "ConceptDecision",
    "Lesson",
    "PracticeAnswer",
    "PracticeRound",
    "Reliability",
    "Review",
    "Ruling",
    "Task",
    "TruthFit",
    "Worker",
]
