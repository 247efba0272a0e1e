"""What a scan keeps of a layer: lots, batches, layouts and merges leave no trace."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core import layer_scan
from analysis.core.layer_scan import Keep, LayerScan, positions_last

KEEP = Keep(top=7, low=4, positions=5, seed=2)
MAPS = torch.randint(-3, 4, (60, 5, 4, 6), generator=torch.Generator().manual_seed(1)).float() / 2


def scanned(batches, lot=layer_scan.LOT, maps=MAPS):
    scan = LayerScan(5, KEEP)
    layer_scan.LOT, before = lot, layer_scan.LOT
    try:
        for images in batches:
            scan.add(maps[images], images)
    finally:
        layer_scan.LOT = before
    return scan


def in_bytes(scan):
    return {name: array.tobytes() for name, array in scan.state().items()}


WHOLE = in_bytes(scanned([torch.arange(60)]))


@settings(deadline=None)
@given(batch=st.integers(1, 60), lot=st.integers(1, 70), seed=st.integers(0, 99))
def test_batches_lots_and_order_leave_no_trace(batch, lot, seed):
    order = torch.randperm(60, generator=torch.Generator().manual_seed(seed))
    assert in_bytes(scanned(order.split(batch), lot)) == WHOLE


@settings(deadline=None)
@given(cut=st.integers(1, 59), swap=st.booleans())
def test_parts_merge_to_the_same_bytes_also_with_images_waiting(cut, swap):
    parts = [scanned([some]) for some in torch.arange(60).split([cut, 60 - cut])]
    parts[0] = LayerScan.from_state(parts[0].state(), KEEP)
    first, second = reversed(parts) if swap else parts
    first.merge(second)
    assert in_bytes(first) == WHOLE


def test_both_layouts_in_memory_are_read_alike():
    last = MAPS.contiguous(memory_format=torch.channels_last)
    assert in_bytes(scanned(torch.arange(60).split(7), maps=last)) == WHOLE
    assert positions_last(last).data_ptr() == last.data_ptr()  # a view, no copy


def test_a_batch_may_be_overwritten_after_it_was_given():
    scan = LayerScan(5, Keep(top=7, low=4, positions=24, seed=2))
    whole = LayerScan(5, Keep(top=7, low=4, positions=24, seed=2))
    for images in torch.arange(60).split(9):
        maps = MAPS[images].clone()
        scan.add(maps, images)
        maps.fill_(99)
        whole.add(MAPS[images], images)
    assert in_bytes(scan) == in_bytes(whole)


def test_the_weakest_images_are_those_of_the_lowest_maximum():
    scan = scanned([torch.arange(60)])
    peak = MAPS.flatten(2).amax(2)
    assert torch.from_numpy(scan.weakest()).equal(peak.sort(0).values[:4].T)
    assert torch.from_numpy(scan.top.scores()).equal(peak.sort(0, descending=True).values[:7].T)


def test_a_layer_without_a_grid_has_one_position():
    scan = LayerScan(3, Keep(top=2, low=1))
    scan.add(torch.tensor([[1.0, 5.0, 0.0], [2.0, 4.0, 0.0]]), torch.tensor([10, 11]))
    state = scan.state()
    assert state["top_image"].tolist() == [[11, 10], [10, 11], [10, 11]]
    assert not state["top_place"].any()


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5, 6)])
def test_what_is_no_batch_of_maps_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        positions_last(torch.zeros(shape))


def test_bad_activations_are_named_at_once():
    maps = MAPS.clone()
    maps[3, 2, 1, 1] = float("inf")
    with pytest.raises(ValueError, match="Unit 2 gives inf on image 3"):
        LayerScan(5, KEEP).add(maps, torch.arange(60))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("batch", [7, 32])
def test_cuda_gives_the_same_bytes(batch):
    scan = LayerScan(5, KEEP, "cuda")
    for images in torch.randperm(60).split(batch):
        scan.add(MAPS[images].cuda(), images.cuda())
    assert in_bytes(scan) == WHOLE
