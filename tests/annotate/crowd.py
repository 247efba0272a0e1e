"""Sixteen worker processes on one database: `python -m tests.annotate.crowd`, run by a test.

It reads DATABASE_URL, migrates, opens two campaigns, lets the crowd loose on each and prints
what became of them as JSON. In the calm one everybody submits what he claims. In the stormy one
units are given back, clocks run an hour ahead (so that live leases look lapsed), every answer is
sent twice, labels are published in between, and known units are mixed in.
"""

import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from typing import Any

import django

PROCESSES = 16
# Fewer workers than processes: some work in two tabs at once.
WORKERS = 14
UNITS = 12
KNOWN = 2
PATIENCE = 100  # seconds; a crowd that takes longer hangs


def main() -> None:
    """Set up, run both crowds, tell."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command

    from tests.annotate.factories import a_finished_run, a_worker, open_small_campaign
    from tests.annotate.lessons import a_lesson

    call_command("migrate", verbosity=0)
    people = [a_worker().pk for _ in range(WORKERS)]
    told = {}
    for mood in ("calm", "stormy"):
        known = KNOWN if mood == "stormy" else 0
        run = a_finished_run(units=UNITS + known)
        campaign = open_small_campaign(slug=mood, run=run, gold_first=2)
        for _ in range(known):
            a_lesson(campaign, "gold")
        started = time.monotonic()
        ends = let_loose(mood, campaign.pk, people)
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
    deadline = time.monotonic() + PATIENCE
    while campaign.tasks.unfinished().exists() and time.monotonic() < deadline:
        try:
            met[one_unit(campaign, worker, rng if mood == "stormy" else None)] += 1
        except Exception as error:
            met[f"{type(error).__name__}: {error}"] += 1
    queue.put(met)


def one_unit(campaign: Any, worker: Any, rng: random.Random | None) -> str:
    """Take one unit through, and say what became of it."""
    from datetime import timedelta

    from django.utils import timezone

    from annotate.services.assignments import claim, give_back
    from annotate.services.consensus import publish_task
    from annotate.services.submission import Refused, submit
    from tests.annotate.factories import a_given

    ahead = timedelta(hours=1) if rng and rng.random() < 0.1 else timedelta(0)
    lease = claim(worker, campaign, timezone.now() + ahead)
    if lease is None:
        time.sleep(0.05)
        return "nothing free"
    if rng and rng.random() < 0.1:
        give_back(lease, timezone.now())
        return "given back"
    try:
        submit(lease, a_given(lease), timezone.now())
        if rng:
            submit(lease, a_given(lease), timezone.now())
            publish_task(lease.task)
    except Refused:
        return "refused"
    return "submitted"


def outcome(campaign: Any) -> dict[str, Any]:
    """Count what stands in the database."""
    from annotate.models import Answer, Assignment

    answers = Answer.objects.filter(task__campaign=campaign)
    pairs = answers.filter(task__purpose="ask").values_list("task", "worker")
    known = answers.filter(task__purpose="gold").values_list("task", "worker")
    leases = Assignment.objects.filter(task__campaign=campaign, task__purpose="ask")
    per_task = Counter(task for task, _ in pairs)
    return {
        "given": sorted(campaign.tasks.asked().values_list("answers_given", flat=True)),
        "known": len(known),
        "known_doubled": len(known) - len(set(known)),
        "counted": sorted(per_task.values()),
        "doubled": len(pairs) - len(set(pairs)),
        "submitted": leases.filter(state="submitted").count(),
    }


if __name__ == "__main__":
    main()
