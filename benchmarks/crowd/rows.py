"""A campaign of any number of tasks, by bulk inserts; the people in it; what became of answers.

All tasks show the pictures of a few units: a million units with pictures of their own would be
72 million rows that no request but its own reads.
"""

import hashlib
import secrets
from importlib import import_module
from typing import Any

POOL = 20  # units whose pictures all tasks show
TOP, LOW = 60, 12
MANY = "many"  # the layer whose units are the tasks
BEGUN = (3, 1, 0)  # answers that tasks have at the start, by channel
GUIDELINES = "# Rooms\n\nName the *thing*, not the room.\n\n- one or two words\n- no brands\n"


def campaign(tasks: int, pool: int = POOL) -> Any:
    """Return an open campaign in its middle: of three tasks one is complete, one has an answer.

    The first ``pool`` tasks carry the pictures; all others show these too.
    """
    from analysis.models import Layer, Network, Unit
    from annotate.models import Campaign, Task
    from annotate.services.campaigns import Plan, open_campaign

    run = a_run(tasks, pool)
    rule = Campaign.ControlRule.RECORD  # the clients do not look at pictures
    plan = Plan(control_rule=rule, layers=["pictures"], guidelines=GUIDELINES)
    opened = open_campaign(slug=f"measured-{tasks}", run=run, plan=plan)
    layer = Layer.objects.create(
        network=Network.objects.get(pk=run.network_id),
        name=MANY, module=MANY, position=1, channels=tasks - pool, height=13, width=13,
    )  # fmt: skip
    first_units = range(min(layer.channels, 1000))
    Unit.objects.bulk_create(Unit(layer=layer, channel=n) for n in first_units)
    while (have := layer.units.count()) < layer.channels:
        _write(
            "INSERT INTO analysis_unit (layer_id, channel) "
            "SELECT layer_id, channel + %s FROM analysis_unit WHERE layer_id = %s AND channel < %s",
            [have, layer.pk, layer.channels - have],
        )
    first = Task.objects.filter(campaign=opened).earliest("pk").pk
    own = ("id", "unit_id", "answers_wanted", "answers_given")
    same = [str(field.column) for field in Task._meta.concrete_fields if field.column not in own]
    _write(
        f"INSERT INTO annotate_task ({', '.join(same)}, unit_id, answers_wanted, answers_given) "
        f"SELECT {', '.join(f't.{column}' for column in same)}, u.id, 3, "
        "CASE u.channel %% 3 WHEN 0 THEN %s WHEN 1 THEN %s ELSE %s END "
        "FROM analysis_unit u JOIN annotate_task t ON t.id = %s + u.channel %% %s "
        "WHERE u.layer_id = %s",
        [*BEGUN, first, pool, layer.pk],
    )
    settle()
    return opened


def a_run(tasks: int, pool: int = POOL) -> Any:
    """Return a finished run with the pictures of a few units."""
    from django.utils import timezone

    from analysis.models import Image, ImageSet, Layer, Network, Run, State, Unit

    name = f"measured-{tasks}"
    sha = hashlib.sha256(name.encode()).hexdigest()
    network = Network.objects.create(slug=name, fingerprint=sha, state=State.DONE)
    images = ImageSet.objects.create(
        slug=name, root="/nowhere", fingerprint=sha, count=TOP + LOW, state=State.DONE
    )
    run = Run.objects.create(
        network=network, image_set=images, key=sha, recipe={"version": 1}, state=State.DONE,
        finished_at=timezone.now(),
    )  # fmt: skip
    layer = Layer.objects.create(
        network=network, name="pictures", module="pictures", position=0, channels=pool,
        height=13, width=13,
    )  # fmt: skip
    run.layers.add(layer)
    Unit.objects.bulk_create(Unit(layer=layer, channel=n) for n in range(pool))
    Image.objects.bulk_create(
        Image(image_set=images, number=n, path=f"{n}.jpg", width=640, height=480)
        for n in range(TOP + LOW)
    )
    _pictures(run, layer)
    return run


def _pictures(run: Any, layer: Any) -> None:
    """Give every unit of the layer its strongest and weakest images, segmented."""
    from analysis.models import Image, Segment, TopImage

    images = list(Image.objects.filter(image_set=run.image_set_id).order_by("number"))
    rows = TopImage.objects.bulk_create(
        TopImage(
            run=run, unit=unit, image=images[place], row=0, column=0,
            end=TopImage.End.TOP if place < TOP else TopImage.End.LOW,
            rank=place if place < TOP else place - TOP,
            activation=100.0 - place if place < TOP else 0.0,
        )
        for unit in layer.units.all()
        for place in range(TOP + LOW)
    )  # fmt: skip
    Segment.objects.bulk_create(
        Segment(top_image=row, token=secrets.token_hex(16), field="disc", visible=0.2)
        for row in rows
    )


def sessions(prefix: str, number: int) -> list[str]:
    """Make people with accounts and return the key of a session of each."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User

    engine = import_module(settings.SESSION_ENGINE)
    keys = []
    for n in range(number):
        user = User.objects.create_user(f"{prefix}-{n}")
        session = engine.SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        keys.append(str(session.session_key))
    return keys


def outcome(opened: Any, acknowledged: list[int]) -> dict[str, int]:
    """Count answers that were acknowledged and are not there, are there twice, or are too many."""
    from django.db.models import Count

    from annotate.models import Answer

    there = Answer.objects.filter(task__campaign=opened)
    kept = set(there.values_list("assignment", flat=True))
    pairs = there.values("task", "worker").annotate(n=Count("pk")).filter(n__gt=1)
    of_tasks = there.order_by().values_list(
        "task__unit__layer__name", "task__unit__channel", "task__answers_wanted"
    )
    over = 0
    for layer, channel, wanted, n in of_tasks.annotate(n=Count("pk")):
        over += n + (BEGUN[channel % 3] if layer == MANY else 0) > wanted
    return {
        "lost": len(set(acknowledged) - kept),
        "doubled": len(acknowledged) - len(set(acknowledged)) + pairs.count(),
        "over_collected": over,
    }


def _write(statement: str, values: list[Any]) -> None:
    """Run one statement that writes many rows."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def settle() -> None:
    """Do now what PostgreSQL would do by itself some time after so many new rows."""
    from django.db import connection

    if connection.vendor == "postgresql":
        _write("VACUUM (ANALYZE)", [])
        _write("CHECKPOINT", [])
