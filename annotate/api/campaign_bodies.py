"""What the addresses of campaigns give and take."""

from typing import Any

from rest_framework import serializers

from analysis.api.bodies import Body, TrueOrFalse, names
from annotate.models import Campaign


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """A campaign and how far it has come. Its link is a secret, and not told here."""

    network = serializers.CharField(source="network.slug", read_only=True)
    image_set = serializers.CharField(
        source="run.image_set.slug", read_only=True, allow_null=True, help_text="null: not known"
    )
    run = serializers.CharField(source="run.key", read_only=True, allow_null=True)
    created_by = serializers.SlugRelatedField[Any](
        slug_field="username", read_only=True, allow_null=True
    )
    tasks = serializers.IntegerField(
        source="task_count", read_only=True, help_text="units asked about"
    )
    tasks_done = serializers.IntegerField(read_only=True, help_text="with all their answers")
    answers_wanted = serializers.IntegerField(read_only=True)
    answers_given = serializers.IntegerField(read_only=True)

    class Meta:
        model = Campaign
        fields = (
            "slug",
            "title",
            "state",
            "network",
            "image_set",
            "run",
            "guidelines",
            "purpose",
            "access",
            "answers_per_unit",
            "adaptive",
            "answers_least",
            "answers_most",
            "target_group",
            "target_concept_share",
            "target_width",
            "images_per_task",
            "controls",
            "control_rule",
            "control_attempts",
            "control_band",
            "gold_first",
            "gold_least",
            "repeat_rate",
            "repeat_after",
            "minimum_kept",
            "lease_minutes",
            "method",
            "tied",
            "seed",
            "synthetic",
            "simulated",
            "published",
            "pay_per_answer",
            "pay_per_hour",
            "currency",
            "fee",
            "tasks",
            "tasks_done",
            "answers_wanted",
            "answers_given",
            "created_by",
            "created_at",
        )
        read_only_fields = fields


class CampaignBody(Body):
    """What to ask, of whom, and how strictly. The defaults are the paper's."""

    slug = serializers.SlugField(max_length=80, help_text="its name in addresses and exports")
    run = serializers.RegexField(
        "^[0-9a-f]{12,64}$", help_text="key of a finished run, or the first digits of it"
    )
    title = serializers.CharField(required=False, max_length=200)
    layers = names("names of layers; all of the run if left out")
    units = names("units as conv5/7 or conv5/0-19; all of the layers if left out")
    answers = serializers.IntegerField(
        required=False, min_value=1, max_value=1000, help_text="for each unit"
    )
    adaptive = TrueOrFalse(
        required=False, help_text="ask about each unit until it is sure enough, not `answers` times"
    )
    answers_least = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    answers_most = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    target_group = serializers.FloatField(
        required=False, allow_null=True, help_text="least probability of the group; null: no target"
    )
    target_concept_share = serializers.FloatField(
        required=False, allow_null=True, help_text="least share of answers with one concept"
    )
    target_width = serializers.FloatField(
        required=False, allow_null=True, help_text="greatest width of the precision's interval"
    )
    images_per_task = serializers.IntegerField(required=False, min_value=12, max_value=120)
    controls = serializers.IntegerField(
        required=False, min_value=0, max_value=119, help_text="planted negatives in a task"
    )
    guidelines = serializers.CharField(required=False, max_length=20_000, help_text="Markdown")
    purpose = serializers.CharField(
        required=False, max_length=300, help_text="what it pays, or why it matters, for workers"
    )
    access = serializers.ChoiceField(choices=Campaign.Access.choices, required=False)
    control_rule = serializers.ChoiceField(choices=Campaign.ControlRule.choices, required=False)
    control_attempts = serializers.IntegerField(required=False, min_value=1, max_value=100)
    control_band = serializers.ChoiceField(
        choices=Campaign.ControlBand.choices,
        required=False,
        help_text="from which of the weakest images that the run keeps negatives are planted",
    )
    gold_first = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=1000,
        help_text="1 unit in so many is a known one, for a new worker; 0: none",
    )
    gold_least = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=1000,
        help_text="the same for a worker who is always right",
    )
    repeat_rate = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=1000,
        help_text="1 unit in so many is asked of a worker again; 0: none",
    )
    repeat_after = serializers.IntegerField(
        required=False,
        min_value=15,
        max_value=10_000,
        help_text="so many units at least lie between the two",
    )
    minimum_kept = serializers.IntegerField(required=False, min_value=1, max_value=120)
    lease_minutes = serializers.IntegerField(required=False, min_value=1, max_value=10_000)
    method = serializers.ChoiceField(
        choices=Campaign.Method.choices, required=False, help_text="that makes labels of answers"
    )
    tied = TrueOrFalse(
        required=False, help_text="members are one kind of worker, link workers another"
    )
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)


class ExtendBody(Body):
    """What to ask for besides."""

    answers = serializers.IntegerField(
        required=False, min_value=1, max_value=1000, help_text="for each unit in all; as now"
    )
    layers = names("names of further layers of the run")
    units = names("further units as conv5/7 or conv5/0-19")


class CloneBody(Body):
    """The name of the copy, and what comes with it."""

    slug = serializers.SlugField(max_length=80, help_text="its name in addresses and exports")
    lessons = TrueOrFalse(default=True, help_text="with the tutorial and the practice round")


class CostSerializer(serializers.Serializer[Any]):
    """Answers, hours and money."""

    answers = serializers.IntegerField()
    hours = serializers.FloatField()
    money = serializers.FloatField(help_text="with the fee, in the campaign's currency")


class QuartilesSerializer(serializers.Serializer[Any]):
    """Seconds that a quarter, half and three quarters of the latest answers did not exceed."""

    low = serializers.FloatField()
    middle = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()


class WorkerSerializer(serializers.Serializer[Any]):
    """One worker of a campaign."""

    pseudonym = serializers.CharField()
    answers = serializers.IntegerField()
    missed = serializers.IntegerField(help_text="planted negatives left in")
    planted = serializers.IntegerField(help_text="planted negatives shown")
    seconds = serializers.FloatField(allow_null=True, help_text="median of the latest answers")


class HourSerializer(serializers.Serializer[Any]):
    """The answers of one hour."""

    hour = serializers.DateTimeField(help_text="its beginning, UTC")
    answers = serializers.IntegerField()


class AlarmSerializer(serializers.Serializer[Any]):
    """What was seen, and what to do."""

    name = serializers.CharField()
    seen = serializers.CharField()
    advice = serializers.CharField()


class LiveSerializer(serializers.Serializer[Any]):
    """How a campaign goes at this moment."""

    campaign = serializers.CharField(source="campaign.slug")
    state = serializers.CharField(source="campaign.state", help_text="open, paused or closed")
    simulated = serializers.BooleanField(source="campaign.simulated")
    published = serializers.BooleanField(source="campaign.published")
    currency = serializers.CharField(source="campaign.currency")
    at = serializers.DateTimeField(source="live.at")
    units = serializers.IntegerField(source="live.units.units")
    done = serializers.IntegerField(source="live.units.done")
    sure = serializers.IntegerField(source="live.units.sure")
    disputed = serializers.IntegerField(source="live.units.disputed")
    answers_wanted = serializers.IntegerField(source="live.units.wanted")
    answers_given = serializers.IntegerField(source="live.units.given")
    agreement = serializers.FloatField(source="live.units.agreement", allow_null=True)
    held = serializers.IntegerField(source="live.held", help_text="units held at this moment")
    seconds = QuartilesSerializer(source="live.times", allow_null=True)
    spent = CostSerializer(source="live.spent")
    to_come = CostSerializer(source="live.to_come", allow_null=True)
    answers_per_day = serializers.FloatField(source="live.per_day")
    ends_at = serializers.DateTimeField(source="live.ends_at", allow_null=True)
    workers = WorkerSerializer(source="live.workers", many=True)
    hours = HourSerializer(many=True, help_text="of the last 14 days; hours without are left out")
    alarms = AlarmSerializer(source="live.alarms", many=True)
