"""The paper's released answers as rows of a campaign: a task for each unit, three answers each.

How many of the 57 images an answer kept is released, which ones is not: the last ones stand for
those that it rejected.
"""

import hashlib

from django.utils import timezone

from analysis.models import Unit
from annotate.core.released import SHOWN, read_zhou2015
from annotate.models import Answer, Assignment, Campaign, Task, Worker
from tests.annotate.factories import LayerFactory, RunFactory


def released_campaign(path, slug="places", layers=None):
    """Return a closed campaign with the answers of a release, each by one of three workers."""
    release = read_zhou2015(path).answers
    run = RunFactory()
    campaign = Campaign.objects.create(
        slug=slug, title="Places", run=run, link_token=slug, state=Campaign.State.CLOSED
    )
    workers = {
        who: Worker.objects.create(
            pseudonym=f"{slug}-{who}", digest=hashlib.sha256(f"{slug}{who}".encode()).hexdigest()
        )
        for who in sorted(
            {one.who for units in release.values() for a in units.values() for one in a}
        )
    }
    for position, (name, units) in enumerate(release.items()):
        if layers and name not in layers:
            continue
        layer = LayerFactory(
            network=run.network, position=position, name=name, channels=max(units) + 1
        )
        run.layers.add(layer)
        _fill(campaign, layer, units, workers)
    return campaign


def _fill(campaign, layer, units, workers):
    """Make tasks, leases and answers of one layer."""
    by_channel = {unit.channel: unit for unit in Unit.objects.filter(layer=layer)}
    tasks = Task.objects.bulk_create(
        Task(
            campaign=campaign,
            unit=by_channel[channel],
            items=list(range(SHOWN)),
            answers_wanted=len(answers),
            answers_given=len(answers),
        )
        for channel, answers in units.items()
    )
    said = [
        (task, one) for task, answers in zip(tasks, units.values(), strict=True) for one in answers
    ]
    now = timezone.now()
    leases = Assignment.objects.bulk_create(
        Assignment(
            task=task, worker=workers[one.who], state="submitted", seed=0, leased_at=now, due_at=now
        )
        for task, one in said
    )
    Answer.objects.bulk_create(
        Answer(
            assignment=lease,
            task=task,
            worker=lease.worker,
            concept=one.concept,
            category=one.category,
            rejected=list(range(round(one.precision * SHOWN), SHOWN)),
            seconds=60,
        )
        for lease, (task, one) in zip(leases, said, strict=True)
    )
