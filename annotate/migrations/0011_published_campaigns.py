# Campaigns of published answers, which have a network and no run; what answers cost.

import django.core.validators
import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


def name_networks(apps, schema_editor):
    """Write beside each campaign the network of its run."""
    campaigns = apps.get_model('annotate', 'Campaign').objects.using(schema_editor.connection.alias)
    run = apps.get_model('analysis', 'Run').objects.filter(pk=models.OuterRef('run'))
    campaigns.update(network=models.Subquery(run.values('network')[:1]))


class Migration(migrations.Migration):

    dependencies = [
        ('analysis', '0013_match_history'),
        ('annotate', '0010_reviews'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='answer',
            name='kept',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='answer',
            name='shown',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='campaign',
            name='currency',
            field=models.CharField(default='USD', max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$', 'Three capitals.')]),
        ),
        migrations.AddField(
            model_name='campaign',
            name='fee',
            field=models.DecimalField(decimal_places=2, default=Decimal('0'), help_text='per cent of the pay that a platform asks on top', max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(300)]),
        ),
        # Without its constraint first: PostgreSQL alters no table with checks still to be made.
        migrations.AddField(
            model_name='campaign',
            name='network',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='analysis.network'),
        ),
        migrations.RunPython(name_networks, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='campaign',
            name='network',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='analysis.network'),
        ),
        migrations.AddField(
            model_name='campaign',
            name='pay_per_answer',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=8, validators=[django.core.validators.MinValueValidator(0)]),
        ),
        migrations.AddField(
            model_name='campaign',
            name='pay_per_hour',
            field=models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=8, validators=[django.core.validators.MinValueValidator(0)]),
        ),
        migrations.AddField(
            model_name='campaign',
            name='published',
            field=models.BooleanField(default=False, help_text='its answers were imported from a file: nobody is asked here'),
        ),
        migrations.AlterField(
            model_name='campaign',
            name='run',
            field=models.ForeignKey(blank=True, help_text='whose images are shown; none where answers were published without them', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='analysis.run'),
        ),
        migrations.AlterField(
            model_name='worker',
            name='kind',
            field=models.CharField(choices=[('person', 'Person'), ('simulated', 'Simulated'), ('published', 'Published')], default='person', max_length=10),
        ),
        migrations.AlterField(
            model_name='worker',
            name='pseudonym',
            field=models.CharField(max_length=170, unique=True),
        ),
        migrations.AddIndex(
            model_name='answer',
            index=models.Index(fields=['created_at'], name='answer_by_time'),
        ),
        migrations.AddConstraint(
            model_name='answer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kept__isnull', True), ('shown__isnull', True)), models.Q(('kept__lte', models.F('shown')), ('shown__gt', 0)), _connector='OR'), name='kept_of_shown'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('published', False), ('run__isnull', False)), models.Q(('published', True), ('state', 'closed')), _connector='OR'), name='asks_by_a_run_or_is_closed'),
        ),
    ]
