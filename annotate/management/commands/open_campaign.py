"""manage.py open_campaign: ask people about the units of a finished run."""

from argparse import ArgumentParser
from math import isfinite
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotate.core.planning import Forecast, Pay
from annotate.models import Campaign
from annotate.services import stopping
from annotate.services.campaigns import (
    CannotOpen,
    Plan,
    newest_run,
    open_campaign,
    what_it_takes,
)
from annotate.services.forecasting import SECONDS, Foreseen, Stated, shares


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
        _asking(parser, plan)
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
            if options["plan_only"]:
                self.stdout.write("\n".join(_lines(what_it_takes(run, plan))))
                return
            campaign = open_campaign(slug=options["slug"], run=run, plan=plan)
        except CannotOpen as error:
            raise CommandError(str(error)) from error
        tasks, asked = campaign.tasks.count(), stopping.told(campaign)
        self.stdout.write(f"{campaign.slug}: {tasks} units, {asked}, run {run}.")
        for left in campaign.left_out:
            self.stdout.write(f"Left out {left['unit']}: {left['reason']}.")
        if campaign.simulated:
            self.stdout.write(f"Next: manage.py simulate_workers {campaign.slug}")
        else:
            self.stdout.write(f"Workers begin at {campaign.address}")


def _asking(parser: ArgumentParser, plan: Plan) -> None:
    """Declare until when each unit is asked about, and what a forecast rests on."""
    adaptive = parser.add_argument_group("until sure, instead of --answers")
    adaptive.add_argument("--adaptive", action="store_true", help="ask until a unit is sure enough")
    adaptive.add_argument("--answers-least", type=int, default=plan.answers_least, metavar="N")
    adaptive.add_argument("--answers-most", type=int, default=plan.answers_most, metavar="N")
    for name, field, what in (
        ("--sure-group", "target_group", "least probability of the group"),
        ("--sure-concept", "target_concept_share", "least share of answers with one concept"),
        ("--sure-width", "target_width", "greatest width of the precision's interval"),
    ):
        adaptive.add_argument(
            name, dest=field, type=_target, default=getattr(plan, field), metavar="P",
            help=f"{what}; none: asks for nothing",
        )  # fmt: skip
    forecast = parser.add_argument_group("what it will take")
    forecast.add_argument("--plan-only", action="store_true", help="print the forecast, open none")
    forecast.add_argument(
        "--seconds", type=_number, nargs=2, default=SECONDS, metavar=("FROM", "TO"),
        help="the mean an answer lasts, where past campaigns say too little",
    )  # fmt: skip
    forecast.add_argument("--needed", default="", help="shares of units by answers: 2:50,3:30,5:20")
    forecast.add_argument("--pay-per-answer", type=_number, default=0.0, metavar="P")
    forecast.add_argument("--pay-per-hour", type=_number, default=0.0, metavar="P")
    forecast.add_argument("--fee", type=_number, default=0.0, help="of a platform, per cent")
    forecast.add_argument("--currency", default="USD")


def _target(text: str) -> float | None:
    """Return a target, or None where it is left out."""
    return None if text == "none" else _number(text)


def _number(text: str) -> float:
    """Return a number that is one; argparse tells of a ValueError."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _stated(options: dict[str, Any]) -> Stated:
    """Return what a forecast rests on where the past says too little."""
    try:
        pay = Pay(options["pay_per_answer"], options["pay_per_hour"], options["fee"] / 100)
        low, high = options["seconds"]
        return Stated((low, high), shares(options["needed"]), pay, options["currency"])
    except ValueError as error:
        raise CannotOpen(f"{error}.") from error


def _lines(foreseen: Foreseen) -> list[str]:
    """Return a forecast as lines."""
    plan, basis, stated = foreseen.plan, foreseen.basis, foreseen.stated

    def line(name: str, one: Forecast, digits: int) -> str:
        low, high = f"{one.low:,.{digits}f}", f"{one.high:,.{digits}f}"
        return f"{name}: {one.expected:,.{digits}f} ({low} to {high})"

    units = {
        "fixed": "the same number of answers for each unit",
        "past": f"answers that {basis.past_units:,} past units took",
        "stated": "stated shares of units",
    }[basis.units_from]
    pace = {
        "past": f"the pace of {basis.past_answers:,} past answers",
        "stated": f"{stated.seconds[0]:g} to {stated.seconds[1]:g} seconds an answer, as stated",
    }[basis.pace_from]
    return [
        f"{plan.units:,} units; the middle, and what holds 90% of the draws:",
        line("answers", plan.answers, 0),
        line("hours", plan.hours, 1),
        line(f"money, {stated.currency}", plan.money, 2),
        f"It rests on {units} and {pace}.",
    ]


def _names(text: str) -> list[str]:
    """Return the names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _plan(options: dict[str, Any], layers: list[str], units: list[str]) -> Plan:
    """Return the options as a plan; those with the plan's own names go over as they are."""
    same = (
        "title purpose answers images_per_task controls control_rule control_attempts minimum_kept "
        "lease_minutes access seed simulated method tied control_band gold_first gold_least "
        "repeat_rate repeat_after adaptive answers_least answers_most target_group "
        "target_concept_share target_width"
    )
    return Plan(
        layers=layers,
        units=units,
        guidelines=_guidelines(options["guidelines"]),
        stated=_stated(options),
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
