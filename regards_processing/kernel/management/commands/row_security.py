"""`manage.py row_security [--check]`."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.management.platform_command import PlatformCommand
from regards_processing.kernel.tenancy import row_security


class Command(PlatformCommand):
    """Make the tables' row-level security as ROW_LEVEL_SECURITY wants it (PostgreSQL only)."""

    help = __doc__
    epilog = """examples:
  manage.py row_security --check                  say what is not as the setting wants it; change nothing
  ROW_LEVEL_SECURITY=true manage.py row_security  protect the table of every model with a tenant
  manage.py row_security                          with the setting off: take the protection away

Run it after every `manage.py migrate`: new tables begin unprotected. Switch on with every process restarted
first, off with this command first; docs/reference/tenants.md says why.

Exit code 0 when all is as it should be, 1 when --check finds something."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the dry run."""
        parser.add_argument(
            "--check", action="store_true", help="only say what is wrong (default: set it right)"
        )

    def handle(self, *_args: object, check: bool, **_options: object) -> None:
        """Set right, unless only asked to check; then check."""
        wanted = settings.ROW_LEVEL_SECURITY
        try:
            if not check:
                for table in row_security.switch(wanted=wanted, actor=command_actor(), at=clock.now()):
                    self.stdout.write(f"{table} {'protected' if wanted else 'no longer protected'}")
            problems = row_security.problems(wanted=wanted)
        except (DomainError, DatabaseError) as error:
            raise CommandError(str(error)) from error
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise SystemExit(1)
