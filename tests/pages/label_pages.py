"""What the tests of the worker's pages share: who holds what, and a right answer."""

from django.urls import reverse


def at(name, assignment):
    """Return an address of an assignment."""
    return reverse(f"annotate:label_{name}", args=[assignment.task.campaign.slug, assignment.pk])


def answer_to(assignment, **changed):
    """Return what the form of a right answer sends."""
    controls = assignment.task.controls
    sent = {
        "concept": "billiard table",
        "category": "object",
        "rejected": ",".join(map(str, controls)),
        "focused_seconds": "31",
    }
    return {**sent, **changed}
