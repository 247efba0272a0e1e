"""Rows of whom we asked: campaigns, tasks, workers, assignments, answers."""

from annotate.models.answers import Answer, Assignment
from annotate.models.campaigns import Campaign, Task, Worker

__all__ = ["Answer", "Assignment", "Campaign", "Task", "Worker"]
