"""Reports as rows: asked for, made by a worker, read by whoever may read their networks."""

import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from analysis.models import OPEN, Network, Report, State
from analysis.services import files
from analysis.services.access import is_researcher
from analysis.services.dissected import origin_of
from analysis.services.objects import sets_for_report
from analysis.services.processes import claim_name, surely_gone
from analysis.services.report_runs import run_called

if TYPE_CHECKING:
    from analysis.services.report_content import Subject

HTML, PDF = "report.html", "report.pdf"
# Its worker says at every figure that it goes on; a large table takes longest.
SILENCE = timedelta(minutes=10)
MOST_ATTEMPTS = 3
MOST_KEPT = 50  # of a network
NEAREST = 3
Clock = Callable[[], datetime]


class ReportRefused(ValueError):
    """A report that cannot be made; the sentence says why and what to do."""


class Interrupted(Exception):
    """The report was deleted, or given to another worker."""


def network_called(slug: str, networks: QuerySet[Network]) -> Network:
    """Return one of these networks by its name.

    Raises:
        ReportRefused: there is none; names those that are spelt most alike.
    """
    found = networks.filter(slug=slug).first() if "\0" not in slug else None
    if found is None:
        names = list(networks.values_list("slug", flat=True))
        near = get_close_matches(slug, names, NEAREST, cutoff=0.4) or names[:NEAREST]
        hint = f"The nearest: {', '.join(near)}." if near else "There is none yet."
        raise ReportRefused(f"There is no network called {slug!r}. {hint}")
    return found


def subject(
    network: Network, against: Network | None, asked: Mapping[str, str], licence: str, now: datetime
) -> "Subject":
    """Return what a report is about, if it can be.

    Raises:
        ReportRefused: a network against itself, or a run that is not there.
    """
    from analysis.services.report_content import Subject  # late: only workers and commands draw

    if against == network:
        raise ReportRefused(f"{network} cannot be compared with itself: name another network.")
    words = dict(asked)
    for prefix, of in (("", network), ("other_", against)):
        if of and (key := asked.get(f"{prefix}run")):
            try:
                run = run_called(of, key)
            except ValueError as error:
                raise ReportRefused(str(error)) from error
            words[f"{prefix}run"] = run.short_key
            words.setdefault(f"{prefix}campaign", origin_of(run))  # of a machine's labels alone
    return Subject(network, now, against, words, licence)


def insist_on_images(network: Network, slug: str) -> None:
    """Refuse an image set that a report may not take objects from; no name is no question.

    Raises:
        ReportRefused: names those that there are.
    """
    names = [one.slug for one in sets_for_report(network)[1]]
    if slug and slug not in names:
        hint = f"There are: {', '.join(names)}." if names else "There is none."
        raise ReportRefused(
            f"{slug!r} is no image set with masks that {network} or a public network was run over."
            f" {hint}"
        )


# ---- Asked for ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Wanted:
    """What a report is to be of: compared with, the words of an address of findings, licence."""

    against: Network | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""


def readable(user: User | AnonymousUser, network: Network) -> QuerySet[Report]:
    """Return the reports of a network that one may read who may read the network.

    Of a comparison both networks must be his to read.
    """
    found = network.reports.select_related("network", "against", "created_by")
    if is_researcher(user):
        return found
    return found.filter(Q(against=None) | Q(against__public=True), network__public=True)


def request(
    *, network: Network, wanted: Wanted | None = None, user: User | None = None, now: datetime
) -> tuple[Report, bool]:
    """Return a report that waits for its worker, and whether it is new.

    The caller enqueues `tasks.make_report`. While one of the same is waiting or made, that one is
    returned.

    Raises:
        ReportRefused: a network against itself, or too many are kept.
    """
    wanted = wanted or Wanted()
    against = wanted.against
    if against == network:
        raise ReportRefused(f"{network} cannot be compared with itself: choose another network.")
    same = Report.objects.filter(network=network, against=against, state__in=OPEN)
    if found := same.first():
        return found, False
    if network.reports.count() >= MOST_KEPT:
        raise ReportRefused(f"{MOST_KEPT} reports of {network} are kept: delete some first.")
    try:
        with transaction.atomic():
            made = Report.objects.create(
                network=network,
                against=against,
                asked=dict(wanted.asked),
                licence=wanted.licence,
                created_by=user,
                created_at=now,
                folder=f"reports/{secrets.token_hex(16)}",
            )
    except IntegrityError:  # a second press was faster
        return same.get(), False
    return made, True


def again(report: Report, now: datetime) -> bool:
    """Let a worker make a report that failed once more; False where that makes no sense.

    The caller enqueues `tasks.make_report`.
    """
    failed = Report.objects.filter(pk=report.pk, state=State.FAILED)
    try:
        with transaction.atomic():
            return bool(failed.update(state=State.WAITING, error="", attempt=0, created_at=now))
    except IntegrityError:  # another of the same is being made
        return False


def delete(report: Report) -> None:
    """Delete a report and its files; a worker that is at it notices and stops."""
    folder = report.folder
    with transaction.atomic():
        report.delete()
        transaction.on_commit(partial(files.remove, folder))


def delete_all(network: Network) -> None:
    """Delete every report of a network, and those that compare with it: it is about to go."""
    for report in Report.objects.filter(Q(network=network) | Q(against=network)):
        delete(report)


# ---- Made --------------------------------------------------------------------------------------
def make(pk: int, clock: Clock) -> bool:
    """Make a report that waits; False where somebody else does, or it is gone.

    A second delivery finds it taken. What goes wrong is written down, and `again` tries once more.
    """
    report = _claim(pk, clock())
    if report is None:
        return False
    try:
        made = _written(report, clock)
    except Interrupted:
        files.remove(report.folder)
        return False
    except (OSError, ValueError, TypeError) as error:
        sentence = f"It could not be made: {error}"[:2000]
        _mine(report).update(
            state=State.FAILED, error=sentence, worker="", step="", finished_at=clock()
        )
        return False
    done = _mine(report).update(
        state=State.DONE, files=made, finished_at=clock(), worker="", step="", error=""
    )
    if not done:
        files.remove(report.folder)
    return bool(done)


def free_lost(now: datetime) -> list[int]:
    """Free the reports whose worker is lost, and return the keys of those that wait too long.

    After `MOST_ATTEMPTS` a report has failed: whatever killed its workers would again.
    """
    for report in Report.objects.filter(state=State.RUNNING):
        silent = report.beat_at is None or report.beat_at < now - SILENCE
        if silent or surely_gone(report.worker):
            _free(report, now)
    waiting = Report.objects.filter(state=State.WAITING, created_at__lt=now - timedelta(seconds=60))
    return list(waiting.order_by("created_at").values_list("pk", flat=True))


def _free(report: Report, now: datetime) -> None:
    if report.attempt < MOST_ATTEMPTS:
        _mine(report).update(state=State.WAITING, worker="", step="")
        return
    error = (
        f"Its worker was lost {report.attempt} times (killed, or out of memory): make it again"
        " when the machine has more room."
    )
    _mine(report).update(state=State.FAILED, worker="", step="", error=error, finished_at=now)


def _claim(pk: int, now: datetime) -> Report | None:
    """Take a report that waits."""
    waiting = Report.objects.filter(pk=pk, state=State.WAITING)
    if not waiting.update(
        state=State.RUNNING, worker=claim_name(), beat_at=now, attempt=F("attempt") + 1
    ):
        return None
    return Report.objects.select_related("network", "against").filter(pk=pk).first()


def _mine(report: Report) -> QuerySet[Report]:
    """The report, as long as this claim holds it."""
    return Report.objects.filter(pk=report.pk, state=State.RUNNING, worker=report.worker)


def _written(report: Report, clock: Clock) -> dict[str, int]:
    """Write the files of a report into the media storage; return their bytes by name."""
    from analysis.services import report_folder  # late: only workers draw

    def say(what: str) -> None:
        if not _mine(report).update(step=what[:200], beat_at=clock()):
            raise Interrupted

    about = subject(report.network, report.against, report.asked, report.licence, report.created_at)
    with tempfile.TemporaryDirectory(prefix="unitscope-report-") as place:
        folder = Path(place)
        report_folder.make(about, folder, say)
        name = download_name(report)
        found = {one: (folder / one).read_bytes() for one in (HTML, PDF)}
        found[f"{name}.zip"] = report_folder.zipped(folder, name)
    for one, data in found.items():
        files.write(f"{report.folder}/{one}", data)
    return {one: len(data) for one, data in found.items()}


def download_name(report: Report) -> str:
    """Return how the files of a report are called when they are saved, without an ending."""
    against = f"-against-{report.against}" if report.against else ""
    return f"report-{report.network}{against}-{report.created_at:%Y-%m-%d}"
