"""manage.py publish: turn a campaign's answers into labels of its units."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from annotate.models import Campaign
from annotate.services.truth import renew


class Command(BaseCommand):
    """Publish the consensus of a campaign; it also happens by itself as answers arrive."""

    help = "Write the consensus of every answered unit of a campaign into the units' labels."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the campaign."""
        parser.add_argument("campaign", help="slug of the campaign")

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish, and say how many units have a label now."""
        campaign = Campaign.objects.filter(slug=options["campaign"]).first()
        if campaign is None:
            known = ", ".join(Campaign.objects.values_list("slug", flat=True)[:20])
            there = f"There are: {known}." if known else "There is none yet."
            raise CommandError(f"There is no campaign {options['campaign']!r}. {there}")
        units = renew(campaign, now(), everything=True)
        total = campaign.tasks.asked().count()
        self.stdout.write(
            f"{campaign.slug}: {units} of {total} units labelled, source {campaign.source}."
        )
