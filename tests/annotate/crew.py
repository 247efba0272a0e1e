"""What the tests of workers' standing share: three people who answer, one of them badly."""

from django.utils import timezone

from annotate.services.assignments import claim
from annotate.services.submission import submit
from tests.annotate.factories import a_given, a_worker

BAD = {
    "category": "scene",
    "concept": "asdf",
    "all_fit": True,
    "rejected": [],
    "focused_seconds": 2,
}


def answer(worker, campaign, **changed):
    """Have a worker answer one unit; return his answer."""
    lease = claim(worker, campaign, timezone.now())
    return submit(lease, a_given(lease, **changed), timezone.now())


def a_crew(campaign, good=2, units=None):
    """Have good workers and a bad one answer; return the bad one and the good ones.

    The campaign only records planted negatives, or the bad one could not hand in.
    """
    crew = [a_worker(pseudonym=f"{name}-{campaign.slug}") for name in ("wild", "good", "calm")]
    for _ in range(units or campaign.tasks.asked().count()):
        for number, worker in enumerate(crew[: good + 1]):
            answer(worker, campaign, **({} if number else BAD))
    return crew[0], crew[1 : good + 1]
