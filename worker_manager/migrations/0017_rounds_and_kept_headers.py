"""Loops of workflows count their rounds; a workflow may keep the headers of earlier answers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("worker_manager", "0016_hold_seconds")]

    operations = [
        migrations.AddField("request", "repeats", models.IntegerField(default=0, db_default=0)),
        migrations.AddField("workflow", "keep_headers", models.BooleanField(default=False, db_default=False)),
    ]
