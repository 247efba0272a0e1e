"""An image shown to a network while somebody waits: taken in, handed to a worker, answered.

The image is unpacked beside the web process (`reading`); a worker is given only the pixels that the
network sees, in a row that is deleted when the answer is read. Nothing of it is stored otherwise.
"""

import time
from datetime import datetime, timedelta
from typing import IO, Any

from django.db.models import Q
from django.utils import timezone

from analysis.core.images import ImageRefused, Preprocessing
from analysis.models import Detection, Network, State
from analysis.services.listeners import listening
from analysis.services.reading import Taken, reader
from analysis.services.turns import Line

QUEUE = "interactive"
DEADLINE = 10.0  # seconds that a request waits for its worker
# A file that somebody drops: any photograph of today, and no more than is decoded in a second.
LARGEST_FILE = 20_000_000  # bytes
MOST_PIXELS = 40_000_000
LEAST_SIDE = 8  # pixels
# Waiting requests hold threads of the web server: with so many, one more only makes all late.
MOST_WAITING = 4
# Waits between looks at the row: the answer of a small network takes a few hundredths.
FIRST_LOOK, LONGEST_LOOK = 0.004, 0.05
FORGOTTEN_AFTER = timedelta(minutes=2)
# Unpacked, a small file may take a gigabyte: one at a time beside each web process.
unpacking = Line(waiting=2, patience=2.0)


class Busy(Exception):
    """Nobody can look at the image now; the sentence says why, ``wait`` when to try again."""

    wait = 5

    def __init__(self, sentence: str, wait: int = 5) -> None:
        super().__init__(sentence)
        self.wait = wait


class DetectionRefused(ValueError):
    """The image, or the network, cannot be used; the sentence says why and what to do."""


class NetworkNotReady(DetectionRefused):
    """The network has nothing to look with."""


def taken(
    network: Network,
    file: IO[bytes],
    size: int,
    *,
    most_pixels: int = MOST_PIXELS,
    longest: int = 0,
) -> Taken:
    """Return an image that somebody sent, as a network sees it.

    ``size`` is its bytes, ``longest`` the longer side of its photo in pixels, 0 for none.

    Raises:
        DetectionRefused: too large, too small, not an image, or broken.
        Busy: others' images are being unpacked.
    """
    if size > LARGEST_FILE:
        raise DetectionRefused(
            f"The file has {size:,} bytes; {LARGEST_FILE:,} are the most taken here: send a"
            " smaller copy."
        )
    asked = {
        "preprocessing": network.preprocessing,
        "most_pixels": most_pixels,
        "longest": longest,
    }
    busy = Busy("The images of others are being read: try again in a few seconds.")
    with unpacking.turn(busy):
        try:
            image = reader.taken(file.read(), asked)
        except ImageRefused as refused:
            raise DetectionRefused(f"The image cannot be used: {refused}.") from refused
    if min(image.size) < LEAST_SIDE:
        raise DetectionRefused(
            f"An image of {image.width} × {image.height} pixels shows nothing: send one of at least"
            f" {LEAST_SIDE} × {LEAST_SIDE}."
        )
    return image


def ask(network: Network, image: Taken, now: datetime | None = None) -> Detection:
    """Return the row of a new question; the caller sends its key to a worker.

    Raises:
        NetworkNotReady: the network cannot be run.
        Busy: nobody is there to answer soon.
    """
    now = now or timezone.now()
    if network.state != State.DONE or not network.can_run:
        raise NetworkNotReady(
            f"{network} cannot be run: it has no weights here, or its inspection"
            " has not ended well."
        )
    if not listening(QUEUE, now):
        raise Busy(
            "No worker is running for questions that are waited for: whoever runs this"
            " installation starts one with `make worker`.",
            wait=30,
        )
    waiting = Detection.objects.filter(
        state__in=(State.WAITING, State.RUNNING), created_at__gt=now - timedelta(seconds=DEADLINE)
    )
    if waiting.count() >= MOST_WAITING:
        raise Busy("The workers are busy with the images of others: try again in a few seconds.")
    return Detection.objects.create(network=network, pixels=image.seen)


def wait_for(detection: Detection, seconds: float = DEADLINE) -> dict[str, Any]:
    """Return the answer as soon as a worker has written it, and delete the row.

    Raises:
        DetectionRefused: the network failed on it; says why.
        Busy: no answer came in time.
    """
    until, pause = time.monotonic() + seconds, FIRST_LOOK
    try:
        while time.monotonic() < until:
            row = Detection.objects.filter(pk=detection.pk).values("state", "error").first()
            if row is None or row["state"] == State.FAILED:
                error = row["error"] if row else "the question was lost"
                raise DetectionRefused(f"The network could not look at the image: {error}")
            if row["state"] == State.DONE:
                answer = Detection.objects.values_list("answer", flat=True).get(pk=detection.pk)
                return dict(answer or {})
            time.sleep(pause)
            pause = min(pause * 1.2, LONGEST_LOOK)
    finally:
        Detection.objects.filter(pk=detection.pk).delete()
    raise Busy(f"The workers are busy: no answer within {seconds:.0f} seconds. Try again later.")


def claim(pk: int, now: datetime) -> Detection | None:
    """Take a question that still waits; None for one taken, answered, or given up."""
    fresh = Q(pk=pk, state=State.WAITING, created_at__gt=now - timedelta(seconds=DEADLINE))
    if not Detection.objects.filter(fresh).update(state=State.RUNNING):
        return None
    return Detection.objects.select_related("network").filter(pk=pk).first()


def settle(detection: Detection, answer: dict[str, Any] | None, error: str = "") -> None:
    """Write the answer, or why there is none; nothing where nobody waits any more."""
    mine = Detection.objects.filter(pk=detection.pk, state=State.RUNNING)
    mine.update(state=State.FAILED if error else State.DONE, answer=answer, error=error[:2000])


def forget(now: datetime) -> int:
    """Delete the questions that nobody came to read the answer of; return how many."""
    return Detection.objects.filter(created_at__lt=now - FORGOTTEN_AFTER).delete()[0]


def seen_of(network: Network, image: Taken) -> dict[str, Any]:
    """Return which part of the image the network saw, in its upright pixels, and at which size."""
    preparation = Preprocessing.from_json(network.preprocessing)
    left, top, right, bottom = preparation.box(*image.size)
    return {
        "image": {"width": image.width, "height": image.height},
        "view": {"left": left, "top": top, "right": right, "bottom": bottom},
        "input": {"width": preparation.width, "height": preparation.height},
    }


def answered(network: Network, image: Taken, answer: dict[str, Any]) -> dict[str, Any]:
    """Return a worker's answer with its boxes in pixels of the image, and what was seen of it."""
    preparation = Preprocessing.from_json(network.preprocessing)
    objects = [
        one
        | {
            "boxes": [
                dict(zip(("left", "top", "right", "bottom"), box, strict=True))
                for box in (preparation.placed(box, *image.size) for box in one["boxes"])
            ]
        }
        for one in answer["objects"]
    ]
    return answer | {"objects": objects} | seen_of(network, image)
