"""What the commands of `manage.py` that operators and scripts call have in common."""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


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
