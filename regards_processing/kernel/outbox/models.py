"""Messages that a transaction decided to publish and that may not have left yet."""

from django.db import models


class OutboxEntry(models.Model):
    """A bulk of messages, written in the transaction that decided them and deleted once published.

    One row holds a whole bulk: a row per message would cost more than all other statements of the bulk.
    """

    created_at = models.DateTimeField(db_index=True)
    message_count = models.PositiveIntegerField()
    #: The messages, as ``kernel.amqp.envelope.pack`` writes them.
    messages = models.BinaryField()

    class Meta:
        app_label = "kernel"
        db_table = "regards_outbox"
        verbose_name_plural = "outbox entries"

    def __str__(self) -> str:
        return f"{self.message_count} messages of {self.created_at:%H:%M:%S}"
