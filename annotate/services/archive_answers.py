"""What an archive holds of campaigns: what was asked and answered, workers by pseudonym only.

No accounts, no secrets of links or workers, no practice, no checks, no rulings: the questions, the
answers that count or once did, and what researchers decided about words.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, cast

from django.db.models import QuerySet

from analysis.core.archives import Archive, ArchiveRefused, Member, table
from analysis.models import Network
from analysis.services import archive_shapes as shapes
from analysis.services.archive_tables import runs_of
from analysis.services.archive_values import BATCH, Places, Table, known, names_of_images, store
from analysis.services.top_image_names import names_by_key
from annotate.models import Answer, Assignment, Campaign, ConceptDecision, Task, Worker
from annotate.services import forecasting

Row = tuple[str, dict[str, Any]]  # its place in words, and what it says
TASK = ("layer", "channel")
GONE = 0  # no row has this key
LONGEST_NAME = 80
OF = "task__campaign__slug"
UNIT = {"layer": "task__unit__layer__name", "channel": "task__unit__channel"}
IN_ORDER = (OF, "task__unit__layer__position", "task__unit__channel")

# Nobody works on a campaign that came with an archive: it is closed, and its link is another one.
CAMPAIGNS = Table(
    *("campaigns", Campaign, {"run": "run__key"}, ("slug",)),
    left_out=frozenset({"state", "access", "gold_units"}),
    shapes=shapes.CAMPAIGN,
)
TASKS = Table(
    "tasks",
    Task,
    {"campaign": "campaign__slug", "layer": "unit__layer__name", "channel": "unit__channel"},
    ("campaign__slug", "unit__layer__position", "unit__channel"),
    frozenset({"purpose"}),
    shapes.TASK,
)
ANSWERS = Table(
    "answers",
    Answer,
    {"campaign": OF, **UNIT, "worker": "worker__pseudonym", "supersedes": "supersedes"},
    (*IN_ORDER, "pk"),
    shapes=shapes.ANSWER,
)
DECISIONS = Table(
    "concept_decisions",
    ConceptDecision,
    {"campaign": "campaign__slug", "undoes": "undoes"},
    ("campaign__slug", "pk"),
    shapes=shapes.DECISION,
)


def campaigns_of(network: Network) -> QuerySet[Campaign]:
    """Return the campaigns that go into an archive: their run does too, if they have one."""
    found = Campaign.objects.filter(network=network)
    return found.filter(run__in=runs_of(network)) | found.filter(run=None)


def tables_of(network: Network) -> Iterator[Member]:
    """Write the tables of what people were asked about a network, one after the other."""
    campaigns = campaigns_of(network)
    within = {"campaign__in": campaigns.order_by().values("pk")}
    yield table("campaigns", CAMPAIGNS.rows(campaigns))
    tasks = Task.objects.filter(purpose=Task.Purpose.ASK, **within)
    yield table("tasks", _with_names(TASKS.rows(tasks)))
    slugs = list(campaigns.order_by("slug"))
    yield table("answers", (row for one in slugs for row in _answers(one)))
    decided = ConceptDecision.objects.filter(**within)
    yield table("concept_decisions", _numbered(decided))


def write(archive: Archive, places: Places) -> list[Campaign]:
    """Write campaigns, their tasks and answers, and what was decided about words.

    Raises:
        ArchiveRefused: a row says what cannot be.
    """
    campaigns = {}
    for where, told in archive.rows("campaigns"):
        row = _campaign(told, where, places)
        campaigns[told["slug"]] = row
    _tasks(archive, places, campaigns)
    _write_answers(archive, places, campaigns)
    _write_decisions(archive, campaigns)
    return list(campaigns.values())


def _with_names(found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Name a task's images by end and rank; null stands for one that is gone."""
    while some := list(islice(found, BATCH // 5)):
        names = names_by_key({key for told in some for key in told["items"]})
        for told in some:
            yield told | {"items": [names.get(key) for key in told["items"]]}


def _answers(campaign: Campaign) -> Iterator[dict[str, Any]]:
    """Give the answers of a campaign; one that supersedes another says which of its unit's."""
    rows = ANSWERS.rows(Answer.objects.asked_by(campaign), key="pk", task="task")
    for _, of_task in groupby(rows, key=lambda told: told.pop("task")):
        numbers: dict[int | None, int] = {}
        for told in of_task:
            numbers[told.pop("key")] = len(numbers)
            told["worker"] = told["worker"].removeprefix(f"{campaign.slug}/")
            yield told | {"supersedes": numbers.get(told["supersedes"])}


def _numbered(found: QuerySet[ConceptDecision]) -> Iterator[dict[str, Any]]:
    """Give decisions about words; one that undoes another says which of its campaign's."""
    rows = DECISIONS.rows(found, key="pk")
    for _, of_campaign in groupby(rows, key=lambda told: told["campaign"]):
        numbers: dict[int | None, int] = {}
        for told in of_campaign:
            numbers[told.pop("key")] = len(numbers)
            yield told | {"undoes": numbers.get(told["undoes"])}


def _campaign(told: dict[str, Any], where: str, places: Places) -> Campaign:
    """Write a campaign: closed, with a link of its own that nobody knows."""
    row = cast("Campaign", CAMPAIGNS.row(told, where))
    _insist_on_forecast(row, where)
    row.slug = places.renamed.get(row.slug, row.slug)
    row.network, row.link_token = places.network, secrets.token_urlsafe(24)
    row.run = places.run(told, where) if told.get("run") is not None else None
    row.state = Campaign.State.CLOSED
    store(iter([row]))
    return row


def _insist_on_forecast(campaign: Campaign, where: str) -> None:
    try:
        forecasting.read(campaign.forecast)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArchiveRefused(f"{where}: forecast is not what was written here.") from error


def _tasks(archive: Archive, places: Places, campaigns: Mapping[str, Campaign]) -> None:
    found = archive.rows("tasks")
    while some := list(islice(found, BATCH // 5)):
        units = [places.unit(told, where) for where, told in some]
        names = {run.pk: names_of_images(run, units) for run in places.runs.values()}
        store(_task(told, where, (places, campaigns), names) for where, told in some)


def _task(
    told: dict[str, Any],
    where: str,
    here: tuple[Places, Mapping[str, Campaign]],
    names: Mapping[int, Mapping[int, Mapping[str, int]]],
) -> Task:
    """Return a task that is not stored; an image that is gone keeps its place."""
    places, campaigns = here
    row = cast("Task", TASKS.row(told, where))
    row.campaign = known(campaigns, told.get("campaign"), "campaign", where)
    row.unit_id = places.unit(told, where)
    of_unit = names.get(row.campaign.run_id or 0, {}).get(row.unit_id, {})
    row.items = [known(of_unit, one, "image", where) if one else GONE for one in told["items"]]
    _insist_on_places(row.controls, row, where)
    return row


def _insist_on_places(places: Sequence[int], task: Task, where: str) -> None:
    """Refuse places that a task's images do not have."""
    if wrong := [place for place in places if not 0 <= place < len(task.items)]:
        raise ArchiveRefused(
            f"{where}: there is no image at place {wrong[0]} of {len(task.items)}."
        )


def _write_answers(archive: Archive, places: Places, campaigns: Mapping[str, Campaign]) -> None:
    """Write answers, unit by unit, each worker's with one lease."""
    rows = archive.rows("answers")
    of_task = groupby(rows, key=lambda row: [row[1].get(key) for key in (*TASK, "campaign")])
    while some := [list(several) for _, several in islice(of_task, BATCH // 5)]:
        units = _tasks_of(some, places, campaigns)
        workers = _workers(some, campaigns)
        for several, task in zip(some, units, strict=True):
            _of_task(several, task, workers)


def _tasks_of(
    some: Sequence[Sequence[Row]], places: Places, campaigns: Mapping[str, Campaign]
) -> list[Task]:
    """Return the task of each group of answers."""
    asked = []
    for (where, told), *_ in some:
        campaign = known(campaigns, told.get("campaign"), "campaign", where)
        asked.append((campaign.pk, places.unit(told, where)))
    rows = Task.objects.filter(
        campaign__in=campaigns.values(), unit__in=[unit for _, unit in asked]
    )
    tasks = {(row.campaign_id, row.unit_id): row for row in rows}
    return [
        known(tasks, key, "task", several[0][0]) for key, several in zip(asked, some, strict=True)
    ]


def _workers(
    some: Sequence[Sequence[Row]], campaigns: Mapping[str, Campaign]
) -> dict[tuple[str, str], Worker]:
    """Return the workers of answers by campaign and name, made where they are new.

    They are nobody's: no account, no cookie. Their names have the campaign's before them, as a
    name that is drawn here might be the same.
    """
    names = {(told["campaign"], _name(told, where)) for several in some for where, told in several}
    wanted = {key: f"{campaigns[key[0]].slug}/{key[1]}" for key in sorted(names)}
    kinds = {key: campaigns[key[0]].worker_kind for key in wanted}
    Worker.objects.bulk_create(
        [Worker(kind=kinds[key], pseudonym=name) for key, name in wanted.items()],
        BATCH,
        ignore_conflicts=True,
    )
    there = {row.pseudonym: row for row in Worker.objects.filter(pseudonym__in=wanted.values())}
    return {key: there[name] for key, name in wanted.items()}


def _name(told: Mapping[str, Any], where: str) -> str:
    name = told.get("worker")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise ArchiveRefused(f"{where}: a worker cannot be called {str(name)[:80]!r}.")
    return name


def _of_task(several: Sequence[Row], task: Task, workers: Mapping[tuple[str, str], Worker]) -> None:
    """Write the answers about one unit, with the leases that they hang on."""
    rows: list[Answer] = []
    for where, told in several:
        row = cast("Answer", ANSWERS.row(told, where))
        _insist_on_places([*row.rejected, *row.unseen], task, where)
        row.task, row.worker = task, workers[told["campaign"], told["worker"]]
        earlier = told.get("supersedes")
        if earlier is not None:
            row.supersedes = known(dict(enumerate(rows)), earlier, "answer", where)
        rows.append(row)
    leases = {
        row.worker_id: Assignment(
            task=task,
            worker=row.worker,
            state=Assignment.State.SUBMITTED,
            seed=0,
            leased_at=row.created_at,
            due_at=row.created_at,
        )
        for row in rows
    }
    Assignment.objects.bulk_create(leases.values())
    for row in rows:
        row.assignment = leases[row.worker_id]
        store(iter([row]))


def _write_decisions(archive: Archive, campaigns: Mapping[str, Campaign]) -> None:
    found = archive.rows("concept_decisions")
    for campaign, several in groupby(found, key=lambda row: row[1].get("campaign")):
        rows: list[ConceptDecision] = []
        for where, told in several:
            row = cast("ConceptDecision", DECISIONS.row(told, where))
            row.campaign = known(campaigns, campaign, "campaign", where)
            earlier = told.get("undoes")
            if earlier is not None:
                row.undoes = known(dict(enumerate(rows)), earlier, "decision", where)
            store(iter([row]))
            rows.append(row)
