"""manage.py for the tests that start processes: the stand-in's steps where they are asked for."""

import os
import sys


def main():
    """Run a command of manage.py, or one of the few below."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from django.core.management import call_command, execute_from_command_line

    if "STANDIN_PAUSE" in os.environ:
        django.setup()
        from analysis.services.steps import STEPS
        from tests.analysis.made import standin_steps

        STEPS.update(standin_steps())
    if sys.argv[1] == "plan":  # a run of the stand-in's steps
        from tests.analysis import made

        call_command("migrate", verbosity=0)
        made.a_run(image_set=made.an_image_set(count=int(sys.argv[2])))
    else:
        execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
