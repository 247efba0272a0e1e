"""Which runs a report may be asked of: those of its network that pages of findings can show."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F

from analysis.models import Job, Network, Run, State
from analysis.services.findings import TABS

STEPS = tuple(dict.fromkeys(tab.step for tab in TABS.values() if tab.step))
KEY = re.compile(r"[0-9a-f]{1,64}")
LISTED = 10  # of those that there are, in a sentence


@dataclass(frozen=True)
class Shown:
    """A run with the steps that pages of findings show of it."""

    run: Run
    steps: list[str]

    @property
    def words(self) -> str:
        """Return which run it is: its key, over which images, what it has done, when."""
        when = f", {self.run.finished_at:%Y-%m-%d}" if self.run.finished_at else ""
        return f"{self.run.short_key} over {self.run.image_set} ({', '.join(self.steps)}{when})"


def runs_for_report(network: Network) -> list[Shown]:
    """Return the runs of a network that a report can show, newest first."""
    return runs_for_reports([network]).get(network, [])


def runs_for_reports(networks: Iterable[Network]) -> dict[Network, list[Shown]]:
    """Return the runs of each of some networks that a report can show, newest first."""
    done = Job.objects.filter(run__network__in=networks, step__in=STEPS, state=State.DONE)
    steps: dict[int, list[str]] = defaultdict(list)
    for pk, step in done.order_by("position").values_list("run", "step"):
        steps[pk].append(step)
    runs = Run.objects.filter(pk__in=list(steps)).select_related("network", "image_set")
    shown: dict[Network, list[Shown]] = defaultdict(list)
    for run in runs.order_by(F("finished_at").desc(nulls_last=True), "-pk"):
        shown[run.network].append(Shown(run, steps[run.pk]))
    return dict(shown)


def run_called(network: Network, key: str) -> Run:
    """Return the run of a network whose key begins so.

    Raises:
        ValueError: there is none that a report can show, or several; names those that there are.
    """
    runs = runs_for_report(network)
    begins = key.strip().lower()
    found = [one for one in runs if KEY.fullmatch(begins) and one.run.key.startswith(begins)]
    if len(found) == 1:
        return found[0].run
    if found:
        raise ValueError(f"{len(found)} runs of {network} begin with {key!r}: {listed(found)}.")
    raise ValueError(f"{key!r} is no run of {network} that has results. {there_are(runs)}")


def there_are(runs: list[Shown]) -> str:
    """Say which runs there are."""
    return f"There are: {listed(runs)}." if runs else "There is none."


def listed(runs: list[Shown]) -> str:
    """Name runs, the newest first; of many the first few."""
    more = len(runs) - LISTED
    names = [one.words for one in runs[:LISTED]]
    return "; ".join([*names, *([f"and {more:,} older ones"] if more > 0 else [])])
