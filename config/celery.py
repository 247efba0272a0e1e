"""The Celery application; queues are named where the tasks are."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("unitscope")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
