"""Executions: one run of a process on some files, and what it made."""

import hashlib
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet
from regards_processing.processing.models.batch import Batch
from regards_processing.processing.states import FINAL, OPEN, ExecutionStatus
from regards_processing.processing.steps import Step

_OPEN_VALUES = sorted(status.value for status in OPEN)


def digest_of(text: str) -> str:
    """Return what stands for a correlation id in an index."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class ExecutionQuerySet(TenantScopedQuerySet["Execution"]):
    """Words to ask for executions."""

    def open(self) -> "ExecutionQuerySet":
        """Keep those to which something must still happen."""
        return self.filter(status__in=_OPEN_VALUES)

    def awaited(self) -> "ExecutionQuerySet":
        """Keep the same ones, in words that the indexes of open executions have."""
        return self.filter(deadline_at__isnull=False)

    def without_files(self) -> "ExecutionQuerySet":
        """Leave the lists of input files in the table: they may be long, and few readers need them."""
        return self.defer("input_files")

    def locked(self, *, skip_locked: bool = False) -> "ExecutionQuerySet":
        """Lock the rows, in the order of their keys, so that two bulks cannot wait for each other."""
        return self.order_by("pk").select_for_update(of=("self",), skip_locked=skip_locked)


class Execution(models.Model):
    """One run of a process: REGISTERED → PREPARE → RUNNING → a final status, the first of which stays."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # No index of its own: those below begin with the tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="executions")
    #: What the order service calls it; echoed as it is.
    correlation_id = models.TextField()
    #: SHA-256 of it: texts of any length find their place in an index so.
    correlation_digest = models.CharField(max_length=64)
    batch_correlation_id = models.TextField()
    process_id = models.UUIDField()
    #: Label and promises of the process when it was ordered: what they are later does not matter.
    process_name = models.CharField(max_length=255)
    process_info = models.JSONField(default=dict)
    user_email = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=ExecutionStatus.choices)
    #: Array of ``{"status", "time", "message"}``, milliseconds since 1970.
    steps = models.JSONField(default=list)
    #: As they were ordered.
    input_files = models.JSONField(default=list)
    #: Bytes of its input files, as they were ordered.
    input_bytes = models.BigIntegerField(default=0, db_default=0)
    #: Milliseconds that it is expected to take.
    expected_duration = models.BigIntegerField(default=0)
    #: Milliseconds from the first sign of its fleet to its end; ``None`` before, and without such a sign.
    run_duration = models.BigIntegerField(null=True)
    #: Bytes that it is expected to make, and those that it made.
    expected_size = models.BigIntegerField(default=0, db_default=0)
    output_size = models.BigIntegerField(null=True)
    created = models.DateTimeField()
    #: Time of the last step.
    last_updated = models.DateTimeField()
    #: Dispatch of its request that a sign of was seen last; 0 before.
    attempt = models.IntegerField(default=0, db_default=0)
    #: Until when the next sign of it has to come; ``None`` once it is final.
    deadline_at = models.DateTimeField(null=True)
    #: The last lines that its program wrote.
    log = models.JSONField(default=list)
    held = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Waits for a place: its process limits how many executions are with fleets at once",
    )
    #: The execution that this one tries again.
    retry_of = models.UUIDField(null=True)

    objects: ClassVar[models.Manager["Execution"]] = ExecutionQuerySet.as_manager()

    class Meta:
        db_table = "processing_execution"
        constraints = (
            models.UniqueConstraint(
                fields=("batch", "correlation_digest"),
                condition=Q(status__in=_OPEN_VALUES),
                name="uk_open_execution",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ExecutionStatus.values), name="ck_execution_status"
            ),
            models.CheckConstraint(
                condition=Q(deadline_at__isnull=False)
                | Q(status__in=sorted(status.value for status in FINAL)),
                name="ck_open_execution_has_deadline",
            ),
        )
        indexes = (
            models.Index(fields=("tenant", "created"), name="ix_execution_created"),
            models.Index(fields=("tenant", "last_updated"), name="ix_execution_updated"),
            models.Index(fields=("tenant", "process_id", "status"), name="ix_execution_process"),
            models.Index(
                fields=("tenant", "last_updated"),
                condition=Q(deadline_at__isnull=True),
                name="ix_execution_ended",
            ),
            models.Index(
                fields=("deadline_at",), condition=Q(deadline_at__isnull=False), name="ix_execution_deadline"
            ),
            models.Index(
                fields=("tenant", "process_id", "status", "held"),
                condition=Q(deadline_at__isnull=False),
                name="ix_execution_open_process",
            ),
            models.Index(
                fields=("tenant", "user_email"),
                condition=Q(deadline_at__isnull=False),
                name="ix_execution_open_user",
            ),
            models.Index(
                fields=("tenant", "process_id", "created", "id"),
                condition=Q(held=True),
                name="ix_execution_held",
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def told_steps(self) -> list[Step]:
        """The steps, oldest first."""
        return [Step.from_json(step) for step in self.steps]

    @property
    def told_duration(self) -> dict[str, int]:
        """The expected duration as the contract writes it, without the factor of the time-out."""
        seconds, milliseconds = divmod(self.expected_duration, 1000)
        return {"seconds": seconds, "nanos": milliseconds * 1_000_000}


class OutputFile(models.Model):
    """A file that an execution made."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # No index of its own: the one below begins with the tenant.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="outputs")
    #: Path relative to the output folder.
    name = models.TextField()
    url = models.TextField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    input_correlation_ids = models.JSONField(default=list)
    created = models.DateTimeField()
    #: Whether the order service has fetched it.
    downloaded = models.BooleanField(default=False)
    #: Whether it has been removed from the storage.
    deleted = models.BooleanField(default=False)

    objects: ClassVar[models.Manager["OutputFile"]] = TenantScopedQuerySet.as_manager()

    class Meta:
        db_table = "processing_output_file"
        indexes = (
            models.Index(fields=("tenant", "url"), name="ix_output_url"),
            models.Index(
                fields=("id",), condition=Q(downloaded=True, deleted=False), name="ix_output_to_delete"
            ),
            models.Index(fields=("tenant", "size"), condition=Q(deleted=False), name="ix_output_kept"),
        )

    def __str__(self) -> str:
        return self.name
