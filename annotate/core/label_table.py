"""One long table of answers: who gave which label to which task, as numbers and their names."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

Codes = Int64[np.ndarray, " answers"]
Table = Float64[np.ndarray, "tasks labels"]
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Answers as three columns of numbers; number i of a column is name i of its list.

    ``task``, ``worker`` and ``label`` have one entry for each answer. Names may be any values that
    a dictionary takes for keys, and the list of labels may hold some that nobody chose (the six
    groups always are six). The columns are copies and cannot be written to.

    Raises:
        ValueError: columns of unequal length or not of whole numbers, a number without a name, a
            name twice, no answer at all, or two answers of one worker to one task.
    """

    task: Codes
    worker: Codes
    label: Codes
    tasks: Sequence[Hashable]
    workers: Sequence[Hashable]
    labels: Sequence[Hashable]

    def __post_init__(self) -> None:
        """Copy the columns and judge them."""
        for column, names in (("task", self.tasks), ("worker", self.workers)):
            object.__setattr__(self, column, _column(column, getattr(self, column), names))
        object.__setattr__(self, "label", _column("label", self.label, self.labels))
        sizes = {len(self.task), len(self.worker), len(self.label)}
        if len(sizes) > 1:
            raise ValueError(f"task, worker and label have {sorted(sizes)} entries: give as many")
        self._refuse_second_answers()

    @classmethod
    def of(
        cls,
        rows: Iterable[tuple[Hashable, Hashable, Hashable]],
        labels: Sequence[Hashable] | None = None,
    ) -> "LabelTable":
        """Make a table from rows of (task, worker, label).

        Names are numbered as they first appear; ``labels`` fixes the numbers of the labels and
        names those that nobody chose.
        """
        columns = list(zip(*rows, strict=True)) or [(), (), ()]
        if len(columns) != 3:
            raise ValueError(f"rows have {len(columns)} entries: give task, worker and label")
        task, tasks = _numbered(columns[0])
        worker, workers = _numbered(columns[1])
        label, names = _numbered(columns[2], labels)
        return cls(task, worker, label, tasks, workers, names)

    def counts(self) -> Table:
        """Return how many answers gave each label to each task: (tasks, labels)."""
        width = len(self.labels)
        cells = np.bincount(self.task * width + self.label, minlength=len(self.tasks) * width)
        return cells.reshape(len(self.tasks), width).astype(np.float64)

    def known(self, truth: Mapping[Hashable, Hashable] | None) -> Int64[np.ndarray, " tasks"]:
        """Return the number of the known label of each task, UNKNOWN where none is known.

        ``truth`` holds planted negatives and gold: {task: label}.
        """
        found = np.full(len(self.tasks), UNKNOWN, np.int64)
        if not truth:
            return found
        task_of = {name: number for number, name in enumerate(self.tasks)}
        label_of = {name: number for number, name in enumerate(self.labels)}
        for task, label in truth.items():
            if task not in task_of:
                raise ValueError(f"the truth of task {task!r} is given, but nobody answered it")
            if label not in label_of:
                raise ValueError(f"the truth of task {task!r} is {label!r}, which is no label here")
            found[task_of[task]] = label_of[label]
        return found

    def _refuse_second_answers(self) -> None:
        """Raise ValueError if a worker answered a task twice: it would count him double."""
        pairs = np.sort(self.task * len(self.workers) + self.worker)
        again = pairs[1:][pairs[1:] == pairs[:-1]]
        if len(again):
            task, worker = divmod(int(again[0]), len(self.workers))
            raise ValueError(
                f"worker {self.workers[worker]!r} answered task {self.tasks[task]!r} twice: "
                "keep one of the two"
            )


def _column(what: str, numbers: Codes, names: Sequence[Hashable]) -> Codes:
    """Return a copy of a column that cannot be written to; raises ValueError if it is bad."""
    column = np.array(numbers)
    if column.ndim != 1 or (column.size and column.dtype.kind not in "iu"):
        raise ValueError(
            f"{what} has shape {column.shape}, type {column.dtype}: give one row of whole numbers"
        )
    if not column.size:
        raise ValueError("no answers, so nothing can be learnt from them")
    if len(set(names)) != len(names):
        raise ValueError(f"the names of {what}s hold one twice: give each once")
    low, high = int(column.min()), int(column.max())
    if low < 0 or high >= len(names):
        raise ValueError(f"{what} holds {low if low < 0 else high}: there are {len(names)} names")
    column = column.astype(np.int64)
    column.setflags(write=False)
    return column


def _numbered(
    values: Sequence[Hashable], names: Sequence[Hashable] | None = None
) -> tuple[Codes, list[Hashable]]:
    """Return the number of each value, and the names in order."""
    if names is None:
        names = list(dict.fromkeys(values))
    number = {name: place for place, name in enumerate(names)}
    strange = next((value for value in values if value not in number), None)
    if strange is not None:
        raise ValueError(f"{strange!r} is no label: there are {', '.join(map(repr, names))}")
    return np.array([number[value] for value in values], np.int64), list(names)
