"""Instances of workers, by their heartbeats."""

from datetime import datetime
from typing import ClassVar

from django.db import models


class WorkerInstanceQuerySet(models.QuerySet["WorkerInstance"]):
    """Words to ask for instances."""

    def alive(self, *, since: datetime) -> "WorkerInstanceQuerySet":
        """Keep instances that beat after ``since``."""
        return self.filter(beaten_at__gt=since)

    def vouching(self, *, since: datetime, gap_before: datetime) -> "WorkerInstanceQuerySet":
        """Keep instances that were heard without a gap since before ``since`` (`hearing`), and still are."""
        return self.alive(since=gap_before).filter(heard_since__lt=since)


class WorkerInstance(models.Model):
    """One process of a fleet. Instances belong to no tenant: they serve all."""

    worker_type = models.CharField(max_length=128)
    worker_id = models.CharField(max_length=255)
    #: When a manager heard it last, by the manager's clock: a worker's own may be wrong.
    beaten_at = models.DateTimeField(db_index=True)
    first_beaten_at = models.DateTimeField()
    #: Since when it is heard without a gap (`hearing`); unknown until a manager of this release hears it.
    heard_since = models.DateTimeField(null=True)
    #: How it wants its requests: ``workers.contract.heartbeat.Protocol``.
    protocol = models.CharField(max_length=16)
    concurrency = models.PositiveIntegerField(null=True)
    #: Requests it takes in advance per unit of concurrency.
    prefetch = models.PositiveIntegerField(default=1, db_default=1)
    version = models.CharField(max_length=64, null=True)  # noqa: DJ001 (absent is not empty)
    #: Seconds that it holds the message of a request at most, as its worker type declares.
    hold_seconds = models.FloatField(null=True)
    #: Seconds that work on a request took of late, on average.
    run_seconds = models.FloatField(null=True)
    #: It reads contents in the shared storage that are only referred to.
    stored_contents = models.BooleanField(default=False, db_default=False)
    #: Seconds that its clock is ahead of the manager's, less the time that the last beat took to come.
    clock_ahead = models.FloatField(null=True)

    objects: ClassVar[models.Manager["WorkerInstance"]] = WorkerInstanceQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_worker_instance"
        constraints = (
            models.UniqueConstraint(fields=("worker_type", "worker_id"), name="uk_worker_instance"),
        )

    def __str__(self) -> str:
        return self.worker_id
