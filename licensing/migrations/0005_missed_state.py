"""A weekly period that passed while nobody looked is a row: one more state."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("licensing", "0004_server_statistics")]

    operations = [
        migrations.AlterField(
            model_name="syncrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("running", "Syncing"),
                    ("waiting", "Waiting"),
                    ("held", "Held"),
                    ("published", "Published"),
                    ("unchanged", "Unchanged"),
                    ("failed", "Failed"),
                    ("discarded", "Discarded"),
                    ("superseded", "Superseded"),
                    ("cancelled", "Cancelled"),
                    ("missed", "Missed"),
                ],
                default="queued",
                max_length=10,
            ),
        )
    ]
