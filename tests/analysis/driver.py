"""manage.py for the tests that start processes: the stand-in's steps where they are asked for."""

import os
import sys


def main():
    """Run a command of manage.py, or one of the few below."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from django.core.management import call_command, execute_from_command_line

    django.setup()
    if "STANDIN_PAUSE" in os.environ:
        from analysis.services.steps import STEPS
        from tests.analysis.made import standin_steps

        STEPS.update(standin_steps())
    if sys.argv[1] == "plan":  # a run of the stand-in's steps
        from tests.analysis import made

        call_command("migrate", verbosity=0)
        made.a_run(image_set=made.an_image_set(count=int(sys.argv[2])))
    elif sys.argv[1] == "register":  # a small real network and real image files
        call_command("migrate", verbosity=0)
        register(*sys.argv[2:])
    elif sys.argv[1] == "forget":  # the only run, with its files
        from analysis.models import Run
        from analysis.services import runs

        runs.delete(Run.objects.get())
    elif sys.argv[1] == "rows":  # what the run wrote into the database
        print_rows()
    elif sys.argv[1] == "import_and_die":  # kill -9 at a point of an import
        from tests.annotate import dying

        dying.importing(*sys.argv[2:])
    else:
        execute_from_command_line(["manage.py", *sys.argv[1:]])


def register(folder, count):
    """Register an exported program and a folder of images as a researcher would."""
    from pathlib import Path

    import torch
    from django.core.management import call_command

    from tests.analysis.photographs import a_net, paint

    images = Path(folder)
    images.mkdir(parents=True)
    for number in range(int(count)):
        paint(images / f"{number:04d}.png", number)
    batches = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(a_net(), (torch.zeros(2, 3, 32, 32),), dynamic_shapes=batches)
    path = images.parent / "small.pt2"
    torch.export.save(program, path)
    how = {"arch": f"exported:{path}", "input_size": 32, "layers": {"a": "2", "b": "4"}}
    call_command("add_network", "small", **how)
    call_command("add_images", "photographs", str(images))


def print_rows():
    """Print every top image and segment, in an order that does not depend on the run's course."""
    from analysis.models import Segment, TopImage

    names = ("unit__layer__name", "unit__channel", "end", "rank")
    tops = TopImage.objects.order_by(*names)
    for row in tops.values_list(*names, "image__path", "activation", "row", "column"):
        sys.stdout.write(f"{row}\n")
    for row in Segment.objects.order_by("token").values_list("token", "field", "visible"):
        sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
