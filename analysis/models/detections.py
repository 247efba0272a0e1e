"""An image that somebody waits to have looked at: the way to a worker and back."""

from django.db import models

from analysis.models.networks import Network
from analysis.models.states import State


class Detection(models.Model):
    """What a network is shown, and what it sees: a message and its answer, deleted once read.

    The row lives for the seconds of one request, on any database and broker, and holds nothing
    but the pixels that the network is given: never the file that was sent.
    """

    network = models.ForeignKey(Network, models.CASCADE, related_name="+")
    pixels = models.BinaryField(help_text="RGB of the network's input, height × width × 3 bytes")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # {"scene": [...], "scene_refused": "", "objects": [...], ...}: pipeline/detect.py
    answer = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    # Indexed for the sweep, which deletes what nobody came to read.
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.network} {self.state}"
