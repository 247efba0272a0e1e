"""Collects what is to be translated: as Django does, and the sentences of the core."""

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    """`makemessages` that knows `Sentence`, which the core writes without Django."""

    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=Sentence"]
