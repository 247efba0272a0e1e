"""Celery tasks of the analysis app: load by id, call one thing."""
