#!/usr/bin/env python
"""Entry point of every Unitscope command."""

import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.exit("Django is not installed here: run `make demo`, or `make install` first.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
