"""Batches shared out among threads that each compute with one core."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

import torch

T = TypeVar("T")


def in_threads(
    work: Callable[[Iterable[T]], None], batches: Iterable[T], device: torch.device
) -> None:
    """Let as many threads as torch uses work off batches, each batch in one of them.

    A small operation shared by two cores takes longer than on one, for they wait for each other,
    the more so when other programs take one of them away: so cores share batches instead. An
    accelerator is fed by one thread.
    """
    count = torch.get_num_threads()
    if device.type != "cpu" or count == 1:
        work(batches)
        return
    shared = _Shared(iter(batches))

    def alone() -> None:
        torch.set_num_threads(1)
        with torch.inference_mode():
            work(shared)

    try:
        with ThreadPoolExecutor(count) as pool:
            for done in [pool.submit(alone) for _ in range(count)]:
                done.result()
    finally:
        # Some libraries keep the number for the whole process.
        torch.set_num_threads(count)


class _Shared(Iterator[T]):
    """An iterator that several threads may draw from."""

    def __init__(self, items: Iterator[T]) -> None:
        self.items, self.lock = items, Lock()

    def __next__(self) -> T:
        with self.lock:
            return next(self.items)
