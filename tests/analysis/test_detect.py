"""A question to a network that is kept warm: asked once, answered once, forgotten afterwards."""

import io
import threading
import time
from datetime import timedelta

import numpy as np
import pytest
import torch
from django.utils import timezone
from PIL import Image

from analysis import tasks
from analysis.core.images import prepare
from analysis.core.runlengths import mask_of
from analysis.models import Detection, Source, State
from analysis.pipeline import detect, forward
from analysis.pipeline.naming import named_units
from analysis.services import detections, naming
from analysis.services.detections import Busy, DetectionRefused, NetworkNotReady
from tests.analysis.looking import CLASSES, listen, name, photograph, sent
from tests.analysis.photographs import PREPARATION

pytestmark = [pytest.mark.rows, pytest.mark.django_db]


def picture(**more):
    return Image.open(io.BytesIO(photograph(**more)))


def test_the_answer_is_the_networks_own(scanned, small_net, worker):
    for channel, concept in enumerate(["bed", "lamp", "bed", "wall", "bed", "floor", "lamp"]):
        name(scanned, channel, concept)
    shown = picture()
    answer = tasks.look_at(scanned.network, sent(scanned.network))
    with torch.inference_mode():
        batch = torch.from_numpy(prepare(shown, PREPARATION))[None]
        scores = small_net(batch)[0].softmax(0).numpy()
        maps = small_net[:5](batch)[0].numpy()
    assert [one["name"] for one in answer["scene"]] == [CLASSES[k] for k in np.argsort(-scores)]
    told = [one["probability"] for one in answer["scene"]]
    assert told == pytest.approx(sorted(scores.tolist(), reverse=True), abs=1e-5)
    [layer] = naming.names(scanned.network)
    group = named_units(layer, PREPARATION)
    on = {c for k, c in enumerate(group.channels) if maps[c].max() > group.thresholds[k]}
    assert on  # or the test shows nothing
    assert {unit["channel"] for one in answer["objects"] for unit in one["units"]} == on
    for one in answer["objects"]:
        mask = mask_of(one["mask"]["counts"], *one["mask"]["size"])
        assert mask.shape == (32, 32)
        assert one["area"] == pytest.approx(mask.mean(), abs=1e-4)
        assert {unit["label"] for unit in one["units"]} == {one["concept"]}
        assert 0 <= one["score"] <= 1
        box = one["boxes"][0]  # the middle 48 × 48 of 60 × 48 was seen at 32 × 32
        assert 6 <= box["left"] < box["right"] <= 54
        assert 0 <= box["top"] < box["bottom"] <= 48
    assert answer["named_units"] == 7
    assert answer["named_by"] == "7 by people"
    assert answer["runs"] == [scanned.short_key]
    assert answer["image"] == {"width": 60, "height": 48}
    assert answer["view"] == {"left": 6.0, "top": 0.0, "right": 54.0, "bottom": 48.0}


def test_nothing_of_it_stays(scanned, worker):
    tasks.look_at(scanned.network, sent(scanned.network))
    assert not Detection.objects.exists()
    [((_,), how)] = worker
    assert how == {"queue": "interactive", "expires": detections.DEADLINE}


def test_without_names_there_is_the_scene_and_no_object(scanned, worker):
    answer = tasks.look_at(scanned.network, sent(scanned.network))
    assert answer["objects"] == []
    assert answer["named_units"] == 0
    assert len(answer["scene"]) == 3


def test_a_name_given_later_is_known_without_loading_again(scanned, worker, monkeypatch):
    name(scanned, 0, "bed", precision=0.9)
    assert tasks.look_at(scanned.network, sent(scanned.network))["named_units"] == 1
    monkeypatch.setattr(forward.networks, "load", None)  # would fail
    name(scanned, 1, "lamp")
    assert tasks.look_at(scanned.network, sent(scanned.network))["named_units"] == 2


def test_people_come_before_machines_and_what_does_not_count_is_left_out(scanned):
    name(scanned, 0, "bed", source=Source.PEOPLE)
    name(scanned, 0, "sofa", source=Source.MACHINE)
    name(scanned, 1, "lamp", precision=0.75)  # the paper asks for more
    name(scanned, 2, "stripes", category="texture")
    name(scanned, 3, "wardrobe", source=Source.MACHINE, category="")
    name(scanned, 4, "chair", source=Source.SIMULATED)
    [layer] = naming.names(scanned.network)
    assert [(unit.channel, unit.concept, unit.source) for unit in layer.units] == [
        (0, "bed", "people"),
        (3, "wardrobe", "machine"),
        (4, "chair", "simulated"),
    ]
    said = naming.sources_in_words([layer])
    assert said == "1 by people, 1 by a machine, 1 by simulated workers"


def test_a_layer_that_no_run_has_looked_at_names_nothing(scanned):
    name(scanned, 0, "bed", layer="early")
    assert [layer.layer.name for layer in naming.names(scanned.network)] == ["early"]
    scanned.layers.remove(scanned.network.layers.get(name="early"))
    assert naming.names(scanned.network) == []
    assert naming.names(scanned.network, scanned) == []


def test_an_output_that_is_no_score_names_no_scene_and_keeps_the_objects(scanned, worker):
    scanned.network.classes = ["one", "two"]
    scanned.network.save()
    name(scanned, 0, "bed")
    answer = tasks.look_at(scanned.network, sent(scanned.network))
    assert answer["scene"] == []
    assert "3 outputs are no scores of its 2 classes" in answer["scene_refused"]
    assert answer["named_units"] == 1


def test_the_pixels_are_those_that_the_scan_would_have_given(scanned, small_net):
    pixels = sent(scanned.network).seen
    seen = detect._input(detect._ready(scanned.network), pixels)
    assert np.array_equal(seen[0].numpy(), prepare(picture(), PREPARATION))
    with pytest.raises(ValueError, match="12 bytes are no image of 32 × 32"):
        detect.look(scanned.network, b"0" * 12)


def test_a_scan_in_this_process_keeps_its_own_network(scanned):
    forward.Forward.of(scanned)
    detect._ready(scanned.network)
    assert forward._loaded.cache_info().currsize == 1
    assert len(detect._warm) == 1


def test_only_two_networks_are_kept(scanned, monkeypatch):
    for number in range(4):
        scanned.network.fingerprint = f"{number:064d}"
        detect._ready(scanned.network)
    assert [key[1][:64] for key in detect._warm] == [f"{n:064d}" for n in (2, 3)]


def test_a_message_delivered_twice_is_answered_once(scanned, monkeypatch):
    listen()
    asked = detections.ask(scanned.network, sent(scanned.network))
    looked = []
    monkeypatch.setattr(detect, "look", lambda network, pixels: looked.append(1) or {"objects": []})
    tasks.detect(asked.pk)
    tasks.detect(asked.pk)
    assert looked == [1]
    assert detections.wait_for(asked) == {"objects": []}
    tasks.detect(asked.pk)  # a third, after all is over
    assert looked == [1]


def test_what_nobody_waits_for_any_more_is_not_begun(scanned):
    listen()
    asked = detections.ask(scanned.network, sent(scanned.network))
    late = timezone.now() - timedelta(seconds=detections.DEADLINE + 1)
    Detection.objects.filter(pk=asked.pk).update(created_at=late)
    tasks.detect(asked.pk)
    assert Detection.objects.get().state == State.WAITING


def test_what_nobody_read_is_swept(scanned):
    listen()
    asked = detections.ask(scanned.network, sent(scanned.network))
    tasks.sweep()
    assert Detection.objects.exists()
    Detection.objects.filter(pk=asked.pk).update(created_at=timezone.now() - timedelta(minutes=3))
    tasks.sweep()
    assert not Detection.objects.exists()


def test_a_busy_worker_is_waited_for_until_the_deadline_and_then_said(scanned, monkeypatch):
    listen()
    monkeypatch.setattr(tasks.detect, "apply_async", lambda *_, **__: None)
    monkeypatch.setattr(detections.wait_for, "__defaults__", (0.05,))
    with pytest.raises(Busy, match="no answer within 0 seconds"):
        tasks.look_at(scanned.network, sent(scanned.network))
    assert not Detection.objects.exists()


def test_without_a_worker_nobody_waits(scanned):
    with pytest.raises(Busy, match="No worker is running"):
        detections.ask(scanned.network, sent(scanned.network))
    assert not Detection.objects.exists()


def test_too_many_that_wait_send_the_next_away(scanned):
    listen()
    for _ in range(detections.MOST_WAITING):
        detections.ask(scanned.network, sent(scanned.network))
    with pytest.raises(Busy, match="images of others"):
        detections.ask(scanned.network, sent(scanned.network))


def test_images_are_unpacked_one_after_another(scanned, monkeypatch):
    """A few kilobytes may be a gigabyte of pixels: not many of these at once."""
    monkeypatch.setattr(detections.unpacking, "patience", 0)
    with detections.unpacking.at_work, pytest.raises(Busy, match="being read"):
        sent(scanned.network)
    with pytest.raises(DetectionRefused):
        detections.taken(scanned.network, io.BytesIO(b"no image"), 8)
    assert sent(scanned.network).size == picture().size


def test_who_would_wait_behind_two_others_is_sent_away_at_once(scanned, monkeypatch):
    """Each who waits holds a thread of the web server."""
    monkeypatch.setattr(detections.unpacking, "patience", 600)
    line = detections.unpacking.places
    with line, line, line, pytest.raises(Busy, match="being read"):
        sent(scanned.network)
    assert sent(scanned.network).size == picture().size


def test_a_network_that_cannot_be_run_is_refused(scanned):
    scanned.network.arch = ""
    with pytest.raises(NetworkNotReady, match="cannot be run: it has no weights here"):
        detections.ask(scanned.network, sent(scanned.network))


def test_a_network_that_fails_says_why(scanned, worker, monkeypatch):
    def broken(network, pixels):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(detect, "look", broken)
    with pytest.raises(DetectionRefused, match="it broke off; the log of the worker"):
        tasks.look_at(scanned.network, sent(scanned.network))
    assert not Detection.objects.exists()


def test_a_scan_whose_file_is_gone_is_said(scanned, worker, settings, tmp_path):
    name(scanned, 0, "bed")
    settings.MEDIA_ROOT = tmp_path / "elsewhere"
    with pytest.raises(DetectionRefused, match="not in the media storage any more"):
        tasks.look_at(scanned.network, sent(scanned.network))


def test_two_that_ask_at_once_do_not_share_the_hooks(scanned, monkeypatch):
    """Two threads of a worker: the network looks at one image after the other."""
    inside, most = [0], [0]

    def look(network, pixels):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        inside[0] -= 1
        return {}

    monkeypatch.setattr(detect, "look", look)
    monkeypatch.setattr(detections, "settle", lambda *_: None)
    asked = Detection(network=scanned.network, pixels=b"")
    threads = [threading.Thread(target=detect.answer, args=(asked,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
