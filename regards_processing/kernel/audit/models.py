"""The audit trail: who did what, when."""

from typing import ClassVar

from django.db import models


class Origin(models.TextChoices):
    """The door that an action came in by."""

    REST = "REST"
    ADMIN = "ADMIN"
    COMMAND = "COMMAND"
    #: A message over the broker.
    MESSAGE = "MESSAGE"
    #: The platform by itself.
    PLATFORM = "PLATFORM"


class AuditEntry(models.Model):
    """One action of a person or a service. Entries are only ever added; the database refuses anything else.

    The tenant is a name, not a reference: entries outlive what they speak of.
    """

    at = models.DateTimeField(db_index=True)
    tenant = models.CharField(max_length=255, null=True, db_index=True)  # noqa: DJ001 (absent: of the whole platform)
    actor = models.CharField(max_length=255)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    #: What was done: ``<subject>.<verb>``, for instance ``settings.updated``.
    action = models.CharField(max_length=64, db_index=True)
    #: What it was done to: a name, an id, a filter.
    target = models.CharField(max_length=255)
    details = models.JSONField()
    correlation_id = models.CharField(max_length=128, null=True)  # noqa: DJ001 (absent is not empty)

    objects: ClassVar[models.Manager["AuditEntry"]] = models.Manager()

    class Meta:
        db_table = "regards_audit_entry"
        verbose_name_plural = "audit entries"
        #: For the search by how a text begins; SQLite takes no notice of the class.
        indexes = (
            models.Index(fields=["actor"], name="ix_audit_actor", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["target"], name="ix_audit_target", opclasses=["varchar_pattern_ops"]),
            models.Index(
                fields=["correlation_id"], name="ix_audit_correlation", opclasses=["varchar_pattern_ops"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
