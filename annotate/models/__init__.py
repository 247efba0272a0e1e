"""Rows of whom we asked: campaigns, tasks, workers, assignments, answers, decisions on words."""

from annotate.models.answers import Answer, Assignment
from annotate.models.campaigns import Campaign, Task, Worker
from annotate.models.concepts import ConceptDecision

__all__ = ["Answer", "Assignment", "Campaign", "ConceptDecision", "Task", "Worker"]
