"""Held branches go in the order of their requests, in an index of their own."""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def take_over(apps: Any, _schema_editor: Any) -> None:
    """Give branches that are under way what their requests have."""
    # Models of migrations have plain managers.
    branches, requests = (
        apps.get_model("worker_manager", name).objects.all() for name in ("Branch", "Request")
    )
    own = requests.filter(pk=OuterRef("request"))
    found = branches.filter(request__in=requests.values("pk"))
    found.update(**{name: Subquery(own.values(name)[:1]) for name in ("content_type", "priority")})


class Migration(migrations.Migration):
    dependencies = [("worker_manager", "0014_branches")]

    operations = [
        migrations.AddField(
            "branch", "content_type", models.CharField(max_length=255, default="", db_default="")
        ),
        migrations.AddField("branch", "priority", models.PositiveSmallIntegerField(default=0, db_default=0)),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.RemoveIndex("branch", "ix_branch_status_type"),
        migrations.AddIndex(
            "branch",
            models.Index(fields=["status", "step_worker_type", "tenant"], name="ix_branch_flow"),
        ),
        migrations.AddIndex(
            "branch",
            models.Index(
                fields=["step_worker_type", "tenant", "content_type", "-priority", "request"],
                condition=models.Q(status="TO_DISPATCH", due_at__isnull=True),
                name="ix_branch_held",
            ),
        ),
    ]
