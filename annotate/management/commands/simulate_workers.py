"""manage.py simulate_workers: programs that pretend to be people answer a campaign."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotate.models import Campaign
from annotate.services.simulation import CannotSimulate, simulate


class Command(BaseCommand):
    """Simulated workers are never mixed with people: the campaign is marked, and its labels too."""

    help = "Let simulated workers answer a campaign whose images have masks, and publish it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the campaign, how many workers, and the seed of their answers."""
        parser.add_argument("campaign", help="slug of the campaign")
        parser.add_argument("--workers", type=int, default=6, help="default: 6")
        parser.add_argument("--seed", type=int, default=0, help="default: 0")

    def handle(self, *args: Any, **options: Any) -> None:
        """Simulate, and say what was answered."""
        slug = options["campaign"]
        campaign = Campaign.objects.filter(slug=slug).first()
        if campaign is None:
            known = ", ".join(Campaign.objects.values_list("slug", flat=True)[:20]) or "none yet"
            raise CommandError(f"There is no campaign {slug!r}; there are: {known}.")
        try:
            done = simulate(campaign, workers=options["workers"], seed=options["seed"])
        except CannotSimulate as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{slug}: {done.answers} answers of {done.workers} simulated workers, "
            f"{done.given_back} units given back; {done.labelled} units labelled, "
            f"source {campaign.source}."
        )
