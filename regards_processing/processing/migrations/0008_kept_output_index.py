from django.db import migrations, models

from regards_processing.kernel.db.online_indexes import AddIndexOnline


class Migration(migrations.Migration):
    # PostgreSQL builds an index beside writers outside a transaction only.
    atomic = False

    dependencies = [
        ("processing", "0007_kept_outputs"),
    ]

    operations = [
        AddIndexOnline(
            model_name="outputfile",
            index=models.Index(
                condition=models.Q(("deleted", False)), fields=["tenant", "size"], name="ix_output_kept"
            ),
        ),
    ]
