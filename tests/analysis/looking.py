"""A small network with a finished scan and named units, and a worker that answers at once."""

import io

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from analysis import tasks
from analysis.models import Listener, Run, Source, State, Unit
from analysis.pipeline import detect, forward, scan
from analysis.services import detections, listeners, semantics
from analysis.services.processes import claim_name
from analysis.services.semantics import UnitLabel
from tests.analysis.photographs import PREPARATION, a_net, a_scan, job_of, shards_of

CLASSES = ["bedroom", "kitchen", "street"]


@pytest.fixture
def small_net(monkeypatch, settings, tmp_path):
    """The small network in place of a stored one, and a media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = a_net()
    monkeypatch.setattr(forward.networks, "load", lambda row, device: (made, PREPARATION))
    forward._loaded.cache_clear()
    detect._warm.clear()
    yield made
    forward._loaded.cache_clear()
    detect._warm.clear()


@pytest.fixture
def scanned(small_net, tmp_path):
    """A finished run over a dozen photographs, of which nothing is named yet."""
    run = a_scan(tmp_path, count=12)
    for shard in shards_of(run, "scan"):
        scan.work(shard, lambda done: None)
    scan.finish(job_of(run, "scan"))
    Run.objects.filter(pk=run.pk).update(state=State.DONE, finished_at=timezone.now())
    run.network.classes = CLASSES
    run.network.save(update_fields=["classes"])
    run.refresh_from_db()
    return run


def name(run, channel, concept, layer="late", source=Source.PEOPLE, **more):
    """Say what a unit means."""
    unit = Unit.objects.get(layer__network=run.network, layer__name=layer, channel=channel)
    label = UnitLabel(concept, **({"category": "object"} | more))
    return semantics.record(unit=unit, source=source, origin="campaign", run=run, label=label)


def listen():
    """Have a worker listen for what is waited for."""
    listeners.beat(claim_name(), ["interactive"], "cpu", timezone.now())
    return Listener.objects.get()


@pytest.fixture
def worker(monkeypatch):
    """A worker that takes every message at once, in this thread; the messages are kept."""
    listen()
    sent = []

    def take(arguments, **how):
        sent.append((arguments, how))
        tasks.detect(*arguments)

    monkeypatch.setattr(tasks.detect, "apply_async", take)
    return sent


def photograph(size=(60, 48), kind="PNG", **more):
    """Return the bytes of a picture that has something in it."""
    chance = np.random.default_rng(7)
    coarse = chance.choice([0, 255], (6, 6, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST)
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def sent(network, **more):
    """Return a photograph as it is taken in for a network."""
    data = photograph(**more)
    return detections.taken(network, io.BytesIO(data), len(data))
