"""`manage.py add_user NAME --role ROLE`: make an account."""

import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.services.access import Role, add_user

ROLES = [Role.WORKER, Role.RESEARCHER, Role.ADMIN]


class Command(BaseCommand):
    """Make an account and print its generated password, this once."""

    help = "Make an account: a worker labels, a researcher also analyses, an admin does everything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name, the role and whether a password comes by standard input."""
        parser.add_argument("name")
        parser.add_argument("--role", choices=[str(role) for role in ROLES], default="worker")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account; a generated password is printed alone on the last line."""
        given = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else ""
        if options["password_stdin"] and not given:
            raise CommandError("Nothing came by standard input: send the password as one line.")
        password = given or secrets.token_urlsafe(15)
        try:
            user = add_user(name=options["name"], password=password, role=Role(options["role"]))
        except ValueError as error:
            raise CommandError(f"No account was made. {error}") from error
        self.stdout.write(f"{user.username} may now sign in at /sign-in/ as {options['role']}.")
        if not given:
            self.stdout.write("The password, shown only now:")
            self.stdout.write(password)
