"""Batches shared out among threads: each done once, errors told, torch left as it was."""

import pytest
import torch

from analysis.core.threads import in_threads

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_every_batch_is_done_once_by_threads_of_one_core():
    seen = []
    in_threads(
        lambda batches: seen.extend((one, torch.get_num_threads()) for one in batches),
        range(200),
        CPU,
    )
    assert sorted(one for one, _ in seen) == list(range(200))
    assert {count for _, count in seen} == {1}
    assert torch.get_num_threads() == 3


def test_an_error_of_one_thread_is_told():
    def work(batches):
        for one in batches:
            if one == 7:
                raise ValueError("batch 7 is broken")

    with pytest.raises(ValueError, match="batch 7"):
        in_threads(work, range(20), CPU)
    assert torch.get_num_threads() == 3


def test_an_accelerator_is_fed_by_one_thread():
    calls = []
    in_threads(lambda batches: calls.append(list(batches)), range(5), torch.device("meta"))
    assert calls == [[0, 1, 2, 3, 4]]
