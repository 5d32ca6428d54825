"""What the commands of `manage.py` that operators and scripts call have in common."""

from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from regards_processing.kernel.errors import DomainError


class PlatformCommand(BaseCommand):
    """A command whose help shows examples, and which starts at once.

    Django's checks load every page and route: more than half of the time of a short command. They are made by
    `manage.py migrate` and `manage.py check`.
    """

    requires_system_checks = ()
    #: Shown below the options, as it is.
    epilog = ""

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Return the parser, with the lines of the examples as they are."""
        shown = {"formatter_class": RawDescriptionHelpFormatter, "epilog": self.epilog}
        return super().create_parser(prog_name, subcommand, **shown, **options)


@contextmanager
def command_errors() -> Iterator[None]:
    """Turn what may go wrong into the message of a command.

    Raises:
        CommandError: something is refused, or the database cannot be read.
    """
    try:
        yield
    except DomainError as error:
        raise CommandError(str(error)) from error
    except DatabaseError as error:
        raise CommandError(f"The database cannot be read ({error}); was `manage.py migrate` run?") from error
