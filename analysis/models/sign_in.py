"""How often signing in was tried: what slows down whoever guesses passwords."""

from django.db import models


class SignInAttempts(models.Model):
    """Attempts counted under one key: a name from an address, an address, or a name."""

    # A keyed hash, so that the table names neither people nor addresses.
    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    blocked_until = models.DateTimeField()

    class Meta:
        # Old rows are cleared by age.
        indexes = [models.Index(fields=["last_at"], name="sign_in_by_age")]
        verbose_name_plural = "sign-in attempts"

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.count}"
