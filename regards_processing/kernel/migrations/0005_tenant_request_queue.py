"""Whether requests of a tenant wait in a queue of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0004_handled_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="own_request_queue",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="Requests wait in a queue of the tenant's own (`manage.py request_queues`).",
            ),
        ),
    ]
