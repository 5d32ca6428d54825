"""Contents may be files of the shared storage: rows refer to them, and fleets tell that they read them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0004_handled_messages"),
        ("worker_manager", "0017_rounds_and_kept_headers"),
    ]

    operations = [
        migrations.AddField("request", "stored_content", models.JSONField(null=True)),
        migrations.AddField("branch", "stored_content", models.JSONField(null=True)),
        migrations.AddField(
            "workerinstance", "stored_contents", models.BooleanField(default=False, db_default=False)
        ),
        migrations.CreateModel(
            name="KeptContent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.BigIntegerField()),
                ("attempt", models.IntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.BigIntegerField()),
                ("stored_at", models.DateTimeField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="kernel.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "workermanager_kept_content",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request_key", "attempt", "sha256"), name="uk_kept_content"
                    )
                ],
            },
        ),
    ]
