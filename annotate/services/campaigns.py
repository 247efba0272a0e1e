"""Opening a campaign: one task for each unit that can be asked about; pausing and closing it."""

import re
import secrets
from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from analysis.models import ImageSet, Network, Run, State, TopImage, Unit
from analysis.models.networks import UnitQuerySet
from analysis.services.sharing import is_shared
from annotate.core.assembly import Candidate, LeftOut, Sheet, assemble, within
from annotate.core.truth import insist_on
from annotate.models import Campaign, Lesson, Task
from annotate.services.audit import About, record
from annotate.services.forecasting import Foreseen, foresee
from annotate.services.plans import SAME
from annotate.services.plans import Plan as Plan  # whoever opens a campaign makes one

# Units read at a time: 72 rows each, so that a campaign of any size needs little memory.
CHUNK = 200
RESERVED = {"new"}  # /campaigns/new/
UNITS = re.compile(r"(?P<layer>[^/]+)/(?P<first>\d+)(-(?P<last>\d+))?")


class CannotOpen(ValueError):
    """A campaign that cannot be opened, with what is missing as a sentence."""


@transaction.atomic
def open_campaign(
    *,
    slug: str,
    run: Run,
    plan: Plan | None = None,
    user: User | None = None,
    units: UnitQuerySet | None = None,
) -> Campaign:
    """Open a campaign about units of a finished run, with a task for each.

    ``units`` of the run may be given instead of the plan's. A unit that cannot be asked about is
    left out and named, with its reason, in ``campaign.left_out``.

    Raises
    ------
    CannotOpen
        with a sentence: the run is not finished, an option is out of range, a layer or unit is
        not in the run, or no unit at all can be asked about.
    """
    plan = plan or Plan()
    _insist_on(run, plan)
    campaign = _campaign(slug, run, plan, user)
    campaign.left_out = add_tasks(campaign, units_of(run, plan) if units is None else units)
    if not campaign.tasks.exists():
        raise CannotOpen(_nothing_left(campaign.left_out))
    campaign.forecast = _foreseen(campaign.tasks.count(), plan).as_json()
    campaign.save(update_fields=["left_out", "forecast"])
    return campaign


def add_tasks(campaign: Campaign, units: UnitQuerySet) -> list[dict[str, str]]:
    """Make a task for each unit; return those left out, each with its reason."""
    left_out: list[dict[str, str]] = []
    for chunk in _chunks(units.in_order().iterator(CHUNK)):
        tasks, refused = _assemble_all(campaign, chunk)
        Task.objects.bulk_create(tasks)
        left_out += refused
    return left_out


def what_it_takes(run: Run, plan: Plan) -> Foreseen:
    """Forecast what a campaign would take, and open none.

    Units that nobody can be asked about are found when it is opened; here they count.

    Raises
    ------
    CannotOpen
        as `open_campaign`, or because what the forecast is to rest on contradicts itself.
    """
    _insist_on(run, plan)
    return _foreseen(units_of(run, plan).count(), plan)


def _foreseen(units: int, plan: Plan) -> Foreseen:
    try:
        return foresee(units, plan.question, plan.stated, simulated=plan.simulated)
    except ValueError as error:
        raise CannotOpen(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error


def newest_run(network: str, images: str, layers: Sequence[str] = ()) -> Run:
    """Return the newest finished run of network × images that has segmented images.

    Raises
    ------
    CannotOpen
        with a sentence that says what is missing and which command makes it.
    """
    _insist_known("network", network, list(Network.objects.values_list("slug", flat=True)))
    _insist_known("image set", images, list(ImageSet.objects.values_list("slug", flat=True)))
    if Network.objects.get(slug=network).published_only:
        raise CannotOpen(
            f"{network} is known from published answers only: it cannot be run, so there are no"
            " images to ask about."
        )
    runs = Run.objects.filter(network__slug=network, image_set__slug=images)
    order = f"manage.py analyze {network} {images}"
    if not runs.exists():
        raise CannotOpen(f"{network} was never run over {images}: start it with `{order}`.")
    finished = runs.filter(state=State.DONE).order_by("-finished_at", "-pk")
    if not finished:
        state = runs.order_by("-pk").values_list("state", flat=True)[0]
        raise CannotOpen(f"No run of {network} over {images} is done; the newest is {state}.")
    for run in finished:
        names = set(run.layers.values_list("name", flat=True))
        if names.issuperset(layers) and _has_segments(run):
            return run
    asked = f" for {', '.join(layers)}" if layers else ""
    raise CannotOpen(
        f"No finished run of {network} over {images} has segmented images{asked}: "
        f"start one with `{order} --steps scan,segment`."
    )


def runs_to_ask_about() -> QuerySet[Run]:
    """Return the finished runs that have something to show, newest first."""
    shown = TopImage.objects.filter(run=OuterRef("pk"), segment__isnull=False)
    finished = Run.objects.filter(Exists(shown), state=State.DONE)
    return finished.select_related("network", "image_set").order_by("-finished_at", "-pk")


def pause(campaign: Campaign, by: User | None = None) -> bool:
    """Serve no new units; who holds one may submit it until its deadline."""
    return _turn(campaign, Campaign.State.PAUSED, [Campaign.State.OPEN], by)


def close(campaign: Campaign, by: User | None = None) -> bool:
    """End a campaign; who holds a unit may submit it until its deadline."""
    return _turn(campaign, Campaign.State.CLOSED, [Campaign.State.OPEN, Campaign.State.PAUSED], by)


@transaction.atomic
def reopen(campaign: Campaign, by: User | None = None) -> bool:
    """Serve units again.

    Raises
    ------
    CannotOpen
        while the network's atlas is public; ever, where its answers were published.
    """
    if campaign.published:
        raise CannotOpen(
            f"{campaign.slug} holds published answers: nobody can be asked there. Open a campaign"
            " about a run of the network instead."
        )
    if not campaign.simulated:
        _insist_private(campaign.network)
    return _turn(campaign, Campaign.State.OPEN, [Campaign.State.PAUSED, Campaign.State.CLOSED], by)


@transaction.atomic
def _turn(campaign: Campaign, to: str, possible: list[str], by: User | None) -> bool:
    """Change the state if it is one of ``possible``, and write it down; False if it was not."""
    turned = Campaign.objects.filter(pk=campaign.pk, state__in=possible).update(state=to)
    campaign.refresh_from_db(fields=["state"])
    if turned:
        act = "reopened" if to == Campaign.State.OPEN else to
        record(campaign, act, timezone.now(), by, About())
    return bool(turned)


def _insist_known(what: str, slug: str, known: list[str]) -> None:
    """Say which names there are when this is none of them."""
    if slug not in known:
        there = f"There are: {', '.join(known[:20])}." if known else "There is none yet."
        raise CannotOpen(f"There is no {what} {slug!r}. {there}")


def _has_segments(run: Run) -> bool:
    """Tell whether there is anything to show."""
    return TopImage.objects.filter(run=run, segment__isnull=False).exists()


def _insist_private(network: Network) -> None:
    """Refuse to ask people about a network whose labels they could read: see `publicity`.

    The row is read anew and locked: it may be made public at this moment.
    """
    if Network.objects.select_for_update(no_key=True).get(pk=network.pk).public:
        raise CannotOpen(
            f"The atlas of {network.slug} is public, so workers could read each other's labels "
            "there: show it to researchers only, then open the campaign."
        )
    if is_shared(network):
        raise CannotOpen(
            f"The atlas of {network.slug} is shared by a link, so workers could read each other's "
            "labels by it: revoke the links of the network, then open the campaign."
        )


def _insist_on(run: Run, plan: Plan) -> None:
    """Refuse a run that is not finished, and numbers that contradict each other."""
    if run.state != State.DONE:
        raise CannotOpen(f"The run {run.short_key} is {run.state}, not done: wait, or resume it.")
    if not _has_segments(run):
        raise CannotOpen(f"The run {run.short_key} has no segmented images to show.")
    if not plan.simulated:
        _insist_private(run.network)
    try:
        insist_on(plan.method, plan.tied)
    except ValueError as reason:
        raise CannotOpen(f"{reason}.") from reason
    if not 0 <= plan.controls < plan.images_per_task:
        raise CannotOpen(
            f"{plan.controls} planted negatives of {plan.images_per_task} images: "
            "plant fewer than the task shows."
        )
    if not 0 < plan.minimum_kept <= plan.images_per_task - plan.controls:
        raise CannotOpen(
            f"At least {plan.minimum_kept} images kept cannot be asked where "
            f"{plan.images_per_task - plan.controls} may fit."
        )


def _campaign(slug: str, run: Run, plan: Plan, user: User | None) -> Campaign:
    """Make the campaign's row, checked as a form would check it."""
    if slug in RESERVED:
        raise CannotOpen(f"{slug!r} is the address of a page: choose another name.")
    same = {name: getattr(plan, name) for name in SAME}
    campaign = Campaign(
        slug=slug,
        network=run.network,
        run=run,
        link_token=secrets.token_urlsafe(24),
        answers_per_unit=plan.answers_least if plan.adaptive else plan.answers,
        synthetic=run.network.synthetic or run.image_set.synthetic,
        created_by=user,
        **same | plan.stated.terms | {"title": plan.title or f"Units of {run.network.slug}"},
    )
    try:
        campaign.full_clean()
    except ValidationError as error:
        told = "; ".join(f"{name}: {' '.join(said)}" for name, said in error.message_dict.items())
        raise CannotOpen(f"The campaign {slug!r} cannot be opened. {told}") from error
    campaign.save()
    return campaign


def units_of(run: Run, plan: Plan) -> UnitQuerySet:
    """Return the units that a plan names, all of them in the run.

    Raises
    ------
    CannotOpen
        a layer or unit is not in the run.
    """
    layers = {layer.name: layer for layer in run.layers.all()}
    ranges = [_range(text) for text in plan.units]
    for name in [*plan.layers, *(name for name, _, _ in ranges)]:
        if name not in layers:
            raise CannotOpen(f"The run has no layer {name!r}. It has: {', '.join(layers)}.")
    wanted = Q(layer__in=[layers[name] for name in plan.layers or layers])
    if ranges:
        wanted = Q(pk__in=[])
    for name, first, last in ranges:
        if last >= layers[name].channels or first > last:
            there = layers[name].channels - 1
            raise CannotOpen(f"{name} has the units 0 to {there}, not {first} to {last}.")
        wanted |= Q(layer=layers[name], channel__range=(first, last))
    return Unit.objects.filter(wanted)


def _range(text: str) -> tuple[str, int, int]:
    """Return layer, first and last channel of “conv5/7” or “conv5/0-19”."""
    match = UNITS.fullmatch(text.strip())
    if match is None:
        raise CannotOpen(f"{text!r} names no units: write LAYER/7 or LAYER/0-19.")
    first = int(match["first"])
    return match["layer"], first, int(match["last"] or first)


def _chunks(units: Iterator[Unit]) -> Iterator[list[Unit]]:
    """Give the units some at a time."""
    while chunk := list(islice(units, CHUNK)):
        yield chunk


def _assemble_all(campaign: Campaign, units: list[Unit]) -> tuple[list[Task], list[dict[str, str]]]:
    """Return the tasks of these units, and the units left out with their reasons."""
    ends = _candidates(campaign.run_shown, units)
    taught = {} if campaign.simulated else Lesson.objects.told_about(units)
    tasks: list[Task] = []
    left_out: list[dict[str, str]] = []
    for unit in units:
        try:
            if teacher := taught.get(unit.pk):
                raise LeftOut(f"it teaches in the campaign {teacher}, where its answer is read")
            sheet = _sheet(campaign, unit, ends.get(unit.pk, {}))
        except LeftOut as reason:
            left_out.append({"unit": str(unit), "reason": str(reason)})
            continue
        tasks.append(
            Task(
                campaign=campaign,
                unit=unit,
                items=sheet.items,
                controls=sheet.controls,
                answers_wanted=campaign.answers_per_unit,
            )
        )
    return tasks, left_out


def _sheet(campaign: Campaign, unit: Unit, ends: dict[str, list[Candidate]]) -> Sheet:
    """Assemble one unit's task; the seed names the unit, so one unit left out moves no other."""
    return assemble(
        ends.get(TopImage.End.TOP, []),
        within(ends.get(TopImage.End.LOW, []), campaign.control_band),
        campaign.images_per_task,
        campaign.controls,
        _seed(campaign, unit),
    )


def _seed(campaign: Campaign, unit: Unit) -> str:
    """Return what decides which negatives are planted where.

    Among people the installation's key is mixed in: who reads this source and guesses a seed must
    not be able to compute the places. Programs are asked the same wherever they are asked.
    """
    spoken = f"{campaign.seed}/{unit.layer.name}/{unit.channel}"
    if campaign.simulated:
        return spoken
    return salted_hmac("annotate.sheet", spoken, algorithm="sha256").hexdigest()


def _candidates(run: Run, units: list[Unit]) -> dict[int, dict[str, list[Candidate]]]:
    """Return by unit and end the segmented images, by rank."""
    rows = (
        TopImage.objects.filter(run=run, unit__in=units, segment__isnull=False)
        .order_by("unit", "end", "rank")
        .values_list("unit", "end", "pk", "image", "activation")
    )
    found: dict[int, dict[str, list[Candidate]]] = {}
    for (unit, end), group in groupby(rows, key=lambda row: row[:2]):
        found.setdefault(unit, {})[end] = [Candidate(*row[2:]) for row in group]
    return found


def _nothing_left(left_out: list[dict[str, str]]) -> str:
    """Say why no unit can be asked about."""
    if not left_out:
        return "No unit was chosen."
    first = left_out[0]
    return (
        f"None of the {len(left_out)} units can be asked about. The first, {first['unit']}: "
        f"{first['reason']}."
    )
