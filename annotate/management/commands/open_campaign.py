"""manage.py open_campaign: ask people about the units of a finished run."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotate.models import Campaign
from annotate.services.campaigns import CannotOpen, Plan, newest_run, open_campaign


class Command(BaseCommand):
    """Open a campaign over the newest finished run of a network and an image set."""

    help = "Open a campaign: one task for each unit of the newest finished run of N × I."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options; the defaults are the paper's."""
        plan = Plan()
        parser.add_argument("slug", help="name of the campaign in addresses and exports")
        parser.add_argument("--network", required=True, metavar="N")
        parser.add_argument("--images", required=True, metavar="I")
        parser.add_argument("--title", default="")
        parser.add_argument("--layers", default="", help="A,B; all of the run if left out")
        parser.add_argument("--units", default="", help="conv5/7,conv5/20-39; all if left out")
        parser.add_argument("--answers", type=int, default=plan.answers, help="answers per unit")
        parser.add_argument("--images-per-task", type=int, default=plan.images_per_task)
        parser.add_argument("--controls", type=int, default=plan.controls, help="planted negatives")
        parser.add_argument(
            "--control-rule", choices=Campaign.ControlRule.values, default=plan.control_rule
        )
        parser.add_argument("--control-attempts", type=int, default=plan.control_attempts)
        parser.add_argument(
            "--control-band",
            choices=Campaign.ControlBand.values,
            default=plan.control_band,
            help="from which of the weakest images that the run keeps",
        )
        for name, told in (
            ("--gold-first", "1 unit in so many is known, for a new worker; 0: none"),
            ("--gold-least", "the same for a worker who is always right"),
            ("--repeat-rate", "1 unit in so many is asked of a worker again; 0: none"),
            ("--repeat-after", "units between the two, at least"),
        ):
            default = getattr(plan, name.strip("-").replace("-", "_"))
            parser.add_argument(name, type=int, default=default, metavar="N", help=told)
        parser.add_argument("--minimum-kept", type=int, default=plan.minimum_kept)
        parser.add_argument("--lease-minutes", type=int, default=plan.lease_minutes)
        parser.add_argument("--method", choices=Campaign.Method.values, default=plan.method)
        parser.add_argument(
            "--tied", action="store_true", help="members one kind of worker, link workers another"
        )
        parser.add_argument("--access", choices=Campaign.Access.values, default=plan.access)
        parser.add_argument("--purpose", default="", help="what it pays, or why it matters")
        parser.add_argument("--guidelines", type=Path, metavar="FILE", help="Markdown")
        parser.add_argument("--seed", type=int, default=plan.seed, help="of the planted places")
        parser.add_argument("--simulated", action="store_true", help="for simulated workers only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Open it, and name the units that are left out."""
        layers, units = _names(options["layers"]), _names(options["units"])
        named = {unit.partition("/")[0] for unit in units}
        try:
            plan = _plan(options, layers, units)
            run = newest_run(options["network"], options["images"], [*layers, *sorted(named)])
            campaign = open_campaign(slug=options["slug"], run=run, plan=plan)
        except CannotOpen as error:
            raise CommandError(str(error)) from error
        tasks, asked = campaign.tasks.count(), campaign.answers_per_unit
        self.stdout.write(f"{campaign.slug}: {tasks} units, {asked} answers each, run {run}.")
        for left in campaign.left_out:
            self.stdout.write(f"Left out {left['unit']}: {left['reason']}.")
        if campaign.simulated:
            self.stdout.write(f"Next: manage.py simulate_workers {campaign.slug}")
        else:
            self.stdout.write(f"Workers begin at {campaign.address}")


def _names(text: str) -> list[str]:
    """Return the names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _plan(options: dict[str, Any], layers: list[str], units: list[str]) -> Plan:
    """Return the options as a plan; those with the plan's own names go over as they are."""
    same = (
        "title purpose answers images_per_task controls control_rule control_attempts minimum_kept "
        "lease_minutes access seed simulated method tied control_band gold_first gold_least "
        "repeat_rate repeat_after"
    )
    return Plan(
        layers=layers,
        units=units,
        guidelines=_guidelines(options["guidelines"]),
        **{name: options[name] for name in same.split()},
    )


def _guidelines(file: Path | None) -> str:
    """Return the text of the file, or nothing."""
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotOpen(f"The guidelines {file} cannot be read as UTF-8 text: {error}.") from error
