"""Links that show a private network to who holds them."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class SharedLink(models.Model):
    """A link to one network's atlas and findings. Rows are never deleted: they are the audit."""

    network = models.ForeignKey("analysis.Network", models.CASCADE, related_name="shared_links")
    name = models.CharField(max_length=80, help_text="whom it is for")
    prefix = models.CharField(max_length=6, help_text="first letters, to tell links apart")
    digest = models.CharField(max_length=64, unique=True, help_text="sha256 of its secret")
    # Whoever may not change the network any more shows it to nobody: see services/sharing.py.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    opened = models.PositiveIntegerField(default=0, help_text="how often it was opened")
    last_opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["network", "-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=models.F("created_at")),
                name="link_expires_after_it_is_made",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network}: {self.name} ({self.prefix}…)"
