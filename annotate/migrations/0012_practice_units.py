"""How many units a practice round draws."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Rounds ask all practice units until a researcher says how many."""

    dependencies = [("annotate", "0011_published_campaigns")]

    operations = [
        migrations.AddField(
            "campaign",
            "practice_units",
            models.PositiveSmallIntegerField(
                default=0,
                help_text="units of a practice round, drawn from all that are ready; 0: all",
            ),
        ),
    ]
