# What a campaign pays, or why it matters, in a sentence for workers.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("annotate", "0003_concept_decisions")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="purpose",
            field=models.CharField(
                blank=True,
                help_text="what it pays, or why it matters; workers read it",
                max_length=300,
            ),
        ),
    ]
