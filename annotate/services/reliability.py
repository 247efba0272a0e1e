"""Who is right more often gets the units that are unsure: kept at each fit."""

from django.db import transaction

from annotate.core.stopping import better_half
from annotate.models import Campaign, Reliability, TruthFit, Worker


@transaction.atomic
def note(campaign: Campaign, fit: TruthFit) -> int:
    """Write down how often each worker is right by a fit; return how many there are.

    Who is not in the fit any more has no row; nobody has one where everybody is asked alike.
    """
    known = {row["worker"]: row["accuracy"] for row in fit.learnt.get("workers", [])}
    if not campaign.adaptive or not known:
        return 0
    best = better_half(known)
    workers = Worker.objects.filter(pseudonym__in=known).order_by("pk")
    rows = [
        Reliability(
            campaign=campaign,
            worker=worker,
            accuracy=known[worker.pseudonym],
            better_half=worker.pseudonym in best,
        )
        for worker in workers
    ]
    Reliability.objects.filter(campaign=campaign).exclude(worker__in=workers).delete()
    Reliability.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["campaign", "worker"],
        update_fields=["accuracy", "better_half"],
    )
    return len(rows)
