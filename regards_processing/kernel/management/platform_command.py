"""What the commands of `manage.py` that operators and scripts call have in common."""

import inspect
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.logging import keep_news_off_terminals

#: From here on of Django's option ``--verbosity``, terminals show the log as well.
_VERBOSE: Final = 2
#: Codes of PostgreSQL: there is no such table, no such column.
_NOT_THERE: Final = frozenset({"42P01", "42703"})


class PlatformCommand(BaseCommand):
    """A command whose help shows examples, and which starts at once.

    Django's checks load every page and route: more than half of the time of a short command. They are made by
    `manage.py migrate` and `manage.py check`.
    """

    requires_system_checks = ()
    #: Shown below the options, as it is.
    epilog = ""
    #: Whether its log is what it says: it runs until it is stopped.
    lasting: ClassVar[bool] = False
    _is_process = False

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Return the parser, with the lines of the examples as they are."""
        shown = {"formatter_class": RawDescriptionHelpFormatter, "epilog": self.epilog}
        parser = super().create_parser(prog_name, subcommand, **shown, **options)
        parser.description = inspect.cleandoc(self.help)
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run it as a process of its own."""
        self._is_process = True
        super().run_from_argv(argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it; the log of a command that somebody calls by hand is not mixed with what it prints."""
        if self._is_process and not self.lasting and options["verbosity"] < _VERBOSE:
            keep_news_off_terminals()
        return super().execute(*args, **options)


@contextmanager
def command_errors() -> Iterator[None]:
    """Turn what may go wrong into the message of a command.

    Raises:
        CommandError: something is refused, or the database lacks tables or is away.
    """
    try:
        yield
    except DomainError as error:
        raise CommandError(str(error)) from error
    except (DatabaseError, InterfaceError) as error:
        raise CommandError(_of_database(error)) from error


def _of_database(error: Exception) -> str:
    """Say what is wrong with the database, with the first line of what it says itself."""
    said = str(error).partition("\n")[0]
    # SQLite has no codes for what is not there.
    code = getattr(error.__cause__, "pgcode", None)
    if code in _NOT_THERE or said.startswith("no such ") or " has no column " in said:
        return f"The database cannot be read ({said}); was `manage.py migrate` run?"
    return f"The database cannot be used ({said})"
