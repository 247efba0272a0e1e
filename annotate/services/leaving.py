"""A worker who leaves: who he was is forgotten, what he answered stays without a name.

Labels, intervals and exports rest on the answers: taken out, figures that others have cited would
change. So the answers stay, and nothing leads from them to a person any more
(docs/decisions/0008-what-a-worker-leaves-behind.md).
"""

import secrets
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from analysis.services import access, semantics
from annotate.models import Answer, Assignment, Review, Task, Worker
from annotate.services import rulings, truth


@transaction.atomic
def leave(worker: Worker, now: datetime) -> bool:
    """Forget a worker; tell whether his account went too.

    Units that he holds are free at once, drafts and what he wrote in appeals are deleted, the
    pseudonym is replaced everywhere, the way back (account or cookie) is cut. The account of a
    researcher or admin stays: networks and runs are his.
    """
    # Rows are locked in one order everywhere: worker, task, assignment.
    worker = Worker.objects.select_for_update(no_key=True).get(pk=worker.pk)
    answered = Answer.objects.filter(worker=worker)
    tasks = Task.objects.filter(pk__in=answered.values("task"))
    # A consensus is counted under this lock: none will bring the old name back.
    units = list(
        tasks.order_by("pk").select_for_update(no_key=True).values_list("unit_id", flat=True)
    )
    former, worker.pseudonym = worker.pseudonym, f"left-{secrets.token_hex(8)}"
    semantics.rename_author(units=units, former=former, name=worker.pseudonym)
    campaigns = list(tasks.order_by().values_list("campaign", flat=True).distinct())
    truth.rename_worker(former, worker.pseudonym, campaigns)
    mine = Assignment.objects.filter(worker=worker)
    # What was sent back to him stays as he answered it.
    mine.filter(state=Assignment.State.SENT_BACK).update(state=Assignment.State.SUBMITTED)
    sent_back = Review.objects.waiting().filter(answer__worker=worker)
    sent_back.update(end=Review.End.LEFT, ended_at=now)
    mine.exclude(state=Assignment.State.SUBMITTED).update(
        state=Assignment.State.RETURNED, due_at=now
    )
    mine.update(draft={})
    rulings.forget(worker)
    user = User.objects.filter(pk=worker.user_id).first() if worker.user_id else None
    worker.user, worker.digest = None, None
    worker.save(update_fields=["pseudonym", "user", "digest"])
    if user is None or access.role_of(user) != access.Role.WORKER:
        return False
    user.delete()
    return True
