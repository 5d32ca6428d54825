"""Messages that were handled, as far as it would matter if they were handled again."""

from django.db import models


class HandledMessage(models.Model):
    """A message that was handled, written in the transaction that did so and kept for a while."""

    #: As ``inbox.services.fingerprint`` makes it.
    fingerprint = models.UUIDField(primary_key=True)
    handled_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "kernel"
        db_table = "regards_inbox"

    def __str__(self) -> str:
        return f"{self.fingerprint}, handled {self.handled_at:%H:%M:%S}"
