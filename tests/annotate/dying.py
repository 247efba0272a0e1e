"""An import that is killed by kill -9 at a point of it, for the tests that start processes."""

import os
import signal

from django.core.management import call_command

from analysis.services import archive_files, archive_rows
from annotate.services import archive_answers, archives

# Name of a point → the module and the name of what is called there, and at which call it dies.
POINTS = {
    "the list of folders": (archives.Path, "replace", 1),
    "the first file": (archive_files.files, "write_pieces", 1),
    "among the files": (archive_files.files, "write", 5),
    "before the rows": (archive_rows, "write", 1),
    "among the rows": (archive_rows, "_semantics", 1),
    "before the answers": (archive_answers, "write", 1),
    "after the rows": (archives, "_clear", 1),
}


def importing(point, *words):
    """Import as the command does, and die at a point; return if it is never reached."""
    module, name, last = POINTS[point]
    real, calls = getattr(module, name), []

    def dies(*given, **named):
        calls.append(1)
        if len(calls) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)

    setattr(module, name, dies)
    call_command("import_archive", *words)
