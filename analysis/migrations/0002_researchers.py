"""The group of researchers: on the admin site they look at everything and change no people."""

from django.db import migrations

LOOK_AT = {
    "analysis": [
        "network", "layer", "unit", "imageset", "image", "run", "job", "shard", "logline",
        "topimage", "segment", "unitsemantics",
    ],
    "annotate": ["campaign", "task", "worker", "assignment", "answer"],
    "auth": ["user", "group"],
}


def make_group(apps, schema_editor):
    """Make the group and its rights; Django adds the rights itself only after all migrations."""
    using = schema_editor.connection.alias
    group, _ = apps.get_model("auth", "Group").objects.using(using).get_or_create(name="researcher")
    types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    rights = apps.get_model("auth", "Permission").objects.using(using)
    for app, models in LOOK_AT.items():
        for model in models:
            kind, _ = types.get_or_create(app_label=app, model=model)
            right, _ = rights.get_or_create(
                content_type=kind, codename=f"view_{model}", defaults={"name": f"Can view {model}"}
            )
            group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("analysis", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make_group, migrations.RunPython.noop)]
