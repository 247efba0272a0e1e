"""What the tests of teaching say often: a unit that teaches, and a worker who practises."""

from django.utils import timezone

from annotate.core.rules import Given
from annotate.models import PracticeAnswer
from annotate.services import lessons, practice
from tests.annotate.factories import a_worker

MARKED = [3, 8, 20, 41]


def expert_says(**changed):
    """Return what the expert says of a unit, as she hands it in."""
    fields = {"concept": "sofa", "category": "object", "rejected": list(MARKED)}
    return Given(**{**fields, **changed})


def a_lesson(campaign, kind="practice", **said):
    """Have the first free unit of a campaign teach, labelled and explained."""
    task = campaign.tasks.asked().filter(assignments__isnull=True).first()
    lesson = lessons.make_lesson(task, kind, timezone.now())
    lesson = lessons.label(lesson, expert_says(**said), timezone.now())
    lessons.explain(lesson, "It *sits* in every picture.", ["couch"])
    lesson.refresh_from_db()
    return lesson


def practise(campaign, worker=None, **said):
    """Have a worker answer a whole round alike; return it as it stands then."""
    worker = worker or a_worker()
    one = practice.begin(worker, campaign, timezone.now())
    for answer in PracticeAnswer.objects.of(worker, campaign).filter(round=one):
        practice.submit(answer, expert_says(**said), timezone.now())
    one.refresh_from_db()
    return one


# Nothing right but that some image is marked.
WRONG = {"concept": "nothing at all", "category": "simple", "rejected": [0]}
