"""Access tokens of the REST API: only their hash is kept."""

from django.conf import settings
from django.db import models


class ApiToken(models.Model):
    """A user's key to the API, shown once when made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=8, help_text="first letters, to tell tokens apart")
    digest = models.CharField(max_length=64, unique=True, help_text="sha256 of the token")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user", "created_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="token_name_once_per_user")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.name} ({self.prefix}…)"
