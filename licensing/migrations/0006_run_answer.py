"""What an owner said of a server whose accounts carry other creation times."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("licensing", "0005_missed_state")]

    operations = [
        migrations.AddField(
            model_name="syncrun",
            name="answer",
            field=models.CharField(
                blank=True,
                choices=[("", ""), ("same", "Same accounts"), ("new", "New instance")],
                default="",
                max_length=4,
            ),
        )
    ]
