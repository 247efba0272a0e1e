"""Sixteen worker processes on one database: `python -m tests.annotate.crowd`, run by a test.

It reads DATABASE_URL, migrates, opens three campaigns, lets the crowd loose on each and prints
what became of them as JSON. In the calm one everybody submits what he claims. In the stormy one
units are given back, clocks run an hour ahead (so that live leases look lapsed), every answer is
sent twice, any answer may be rejected, restored or sent back at any moment by several reviewers,
labels are published in between, and known units are mixed in. In the unsure one, units are asked
about until they are sure, judged by whoever has answered while others answer.
"""

import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import django

PROCESSES = 16
# Fewer workers than processes: some work in two tabs at once.
WORKERS = 14
UNITS = 12
KNOWN = 2
MOODS = {"unsure": {"adaptive": True, "answers_least": 2, "answers_most": 4}}
IDLE = 40  # times that nothing was free, 0.05 seconds apart
PATIENCE = 100  # seconds; a crowd that takes longer hangs


def main() -> None:
    """Set up, run all crowds, tell."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from tests.annotate.factories import a_finished_run, a_worker, open_small_campaign
    from tests.annotate.lessons import a_lesson

    call_command("migrate", verbosity=0)
    User.objects.create(username="bob")
    people = [a_worker().pk for _ in range(WORKERS)]
    told = {}
    for mood in sys.argv[1:] or ("calm", "stormy", "unsure"):
        known = KNOWN if mood == "stormy" else 0
        run = a_finished_run(units=UNITS + known)
        campaign = open_small_campaign(slug=mood, run=run, gold_first=2, **MOODS.get(mood, {}))
        for _ in range(known):
            a_lesson(campaign, "gold")
        started = time.monotonic()
        ends = let_loose(mood, campaign.pk, people)
        finish(campaign)
        told[mood] = {**outcome(campaign), **ends, "seconds": time.monotonic() - started}
    sys.stdout.write(json.dumps(told))


def let_loose(mood: str, campaign_pk: int, people: list[int]) -> dict[str, Any]:
    """Run the processes side by side; return how they ended and what they met."""
    from django.db import connections

    connections.close_all()  # a connection must not be shared by two processes
    fork = multiprocessing.get_context("fork")
    barrier, queue = fork.Barrier(PROCESSES), fork.Queue()
    crowd = [
        fork.Process(
            target=work, args=((mood, campaign_pk, people[n % WORKERS], n), barrier, queue)
        )
        for n in range(PROCESSES)
    ]
    for process in crowd:
        process.start()
    met: Counter[str] = Counter()
    for _ in crowd:
        met.update(queue.get(timeout=PATIENCE))
    for process in crowd:
        process.join(timeout=PATIENCE)
    return {"met": met, "exits": [process.exitcode for process in crowd]}


def work(who: tuple[str, int, int, int], barrier: Any, queue: Any) -> None:
    """Claim and submit until the campaign has all its answers."""
    mood, campaign_pk, worker_pk, number = who
    from annotate.models import Campaign, Worker

    campaign, worker = Campaign.objects.get(pk=campaign_pk), Worker.objects.get(pk=worker_pk)
    rng, met = random.Random(f"{mood}/{number}"), Counter[str]()
    barrier.wait()
    deadline, idle = time.monotonic() + PATIENCE, 0
    # Whoever finds nothing for two seconds goes: what a late rejection left open is not his.
    while campaign.tasks.unfinished().exists() and time.monotonic() < deadline and idle < IDLE:
        try:
            end = one_unit(campaign, worker, rng if mood == "stormy" else None)
            idle = idle + 1 if end == "nothing free" else 0
            met[end] += 1
        except Exception as error:
            met[f"{type(error).__name__}: {error}"] += 1
    queue.put(met)


def finish(campaign: Any) -> None:
    """Let newcomers answer what was rejected when the others had gone already."""
    from datetime import timedelta

    from django.utils import timezone

    from annotate.services import stopping
    from annotate.services.assignments import claim
    from annotate.services.submission import submit
    from tests.annotate.factories import a_given, a_worker

    later = timezone.now() + timedelta(hours=3)  # no lease is live by then
    while stopping.judge_all(campaign, later) or campaign.tasks.unfinished().exists():
        newcomer = a_worker()
        while lease := claim(newcomer, campaign, later):
            submit(lease, a_given(lease), later)


def one_unit(campaign: Any, worker: Any, rng: random.Random | None) -> str:
    """Take one unit through, and say what became of it."""
    from datetime import timedelta

    from django.utils import timezone

    from annotate.services import stopping
    from annotate.services.assignments import claim, give_back
    from annotate.services.consensus import publish_task
    from annotate.services.submission import Refused, submit
    from tests.annotate.factories import a_given

    if rng:
        review(campaign, rng)

    ahead = timedelta(hours=1) if rng and rng.random() < 0.1 else timedelta(0)
    lease = claim(worker, campaign, timezone.now() + ahead)
    if lease is None:
        time.sleep(0.05)
        return "nothing free"
    if rng and rng.random() < 0.1:
        give_back(lease, timezone.now())
        return "given back"
    words = "".join(rng.choices("abcdefgh", k=9)) if rng else "billiard table"
    given = a_given(lease, concept=words)  # what was sent back must be changed
    if campaign.adaptive:
        given = a_given(lease, category=("object", "scene", "part")[worker.pk % 3])
    try:
        submit(lease, given, timezone.now())
        if rng:
            submit(lease, given, timezone.now())
            publish_task(lease.task)
        stopping.judge_task(lease.task, timezone.now())
    except Refused:
        return "refused"
    return "submitted"


def review(campaign: Any, rng: random.Random) -> None:
    """Act on some answer, now and then, whatever others do to it at this moment."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from annotate.models import Answer
    from annotate.services import reviews

    answer = Answer.objects.filter(task__campaign=campaign).order_by("?").first()
    if answer is None or rng.random() > 0.3:
        return
    user, now = User.objects.get(), timezone.now()
    acts = [
        lambda: reviews.accept(answer, now, user),
        lambda: reviews.reject(answer, "too vague", now, user),
        lambda: reviews.restore(answer, now, user),
        lambda: reviews.send_back(answer, "look again", now, user),
    ]
    with suppress(reviews.CannotReview):
        rng.choice(acts)()


def outcome(campaign: Any) -> dict[str, Any]:
    """Count what stands in the database."""
    from annotate.models import Answer, Assignment, Review

    answers = Answer.objects.filter(task__campaign=campaign)
    counted = Answer.objects.counted(campaign)
    pairs = counted.values_list("task", "worker")
    known = answers.filter(task__purpose="gold").values_list("task", "worker")
    leases = Assignment.objects.filter(task__campaign=campaign, task__purpose="ask")
    per_task = Counter(task for task, _ in pairs)
    return {
        "given": sorted(campaign.tasks.asked().values_list("answers_given", flat=True)),
        "verdicts": Counter(why for (why,) in campaign.tasks.values_list("verdict__why")),
        "known": len(known),
        "known_doubled": len(known) - len(set(known)),
        "counted": sorted(per_task.values()),
        "doubled": len(pairs) - len(set(pairs)),
        "submitted": leases.filter(answers__counts=True).distinct().count(),
        "waiting": leases.filter(state="sent back").count(),
        "sent back": Review.objects.waiting().filter(answer__in=counted).count(),
    }


if __name__ == "__main__":
    main()
