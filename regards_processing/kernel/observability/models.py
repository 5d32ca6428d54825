"""What must be stored to tell whether the platform works."""

from typing import ClassVar

from django.db import models


class SweepRun(models.Model):
    """When a periodic task last ran to its end; one row a task, whatever process runs it."""

    task = models.CharField(max_length=255, primary_key=True)
    ended_at = models.DateTimeField()

    objects: ClassVar[models.Manager["SweepRun"]] = models.Manager()

    class Meta:
        db_table = "regards_sweep_run"

    def __str__(self) -> str:
        return self.task
