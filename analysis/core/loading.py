"""Work done ahead in threads, handed over in order: images are read while the network computes."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
# Decoding and resizing leave Python's lock, so a few threads keep a network fed.
THREADS = max(2, min(8, os.cpu_count() or 2))


def in_order(
    make: Callable[[Item], Made], items: Iterable[Item], ahead: int, threads: int = THREADS
) -> Iterator[Made]:
    """Yield ``make(item)`` for every item, in the order of the items.

    At most ``ahead`` results wait at a time, so memory does not grow with the items. An error is
    raised in its item's turn; when the caller stops early, what was not begun is never done.
    """
    waiting: deque[Future[Made]] = deque()
    source = iter(items)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="loading")
    try:
        waiting.extend(pool.submit(make, item) for item in islice(source, max(ahead, 1)))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(make, item) for item in islice(source, 1))
            yield made
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of ``size`` items, the last one shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
