"""Whom we asked: campaigns, tasks, workers, assignments, answers, consensus."""
