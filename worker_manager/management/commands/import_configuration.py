"""`manage.py import_configuration FILE --tenant T`."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.services.configuration import ImportReport, import_configuration


class Command(BaseCommand):
    """Import worker types, workflows and settings from a configuration file of REGARDS."""

    help = __doc__
    epilog = """examples:
  manage.py import_configuration docs/examples/scenes.json
  manage.py import_configuration config-rs-worker-manager.json --tenant demo
  curl … | manage.py import_configuration - --tenant demo

Exit code 0 when every item was imported, 1 when some were refused (the others are imported)."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare file, tenant and service."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = self.epilog
        parser.add_argument("file", metavar="FILE", help="the file, or - for standard input")
        parser.add_argument(
            "--tenant", default="default", help="tenant that gets the configuration (default: default)"
        )
        parser.add_argument(
            "--service",
            default="rs-worker-manager",
            choices=["rs-worker-manager"],
            help="service whose items are imported (default: rs-worker-manager)",
        )

    def handle(self, *_args: object, file: str, tenant: str, **_options: object) -> None:
        """Import and report; refused items are errors, one a line."""
        found = Tenant.objects.filter(name=tenant).first()
        if found is None:
            raise CommandError(f"There is no tenant {tenant!r}; `manage.py create_tenant {tenant}` makes it")
        try:
            reports = import_configuration(tenant=found, document=_read(file))
        except DomainError as error:
            raise CommandError(str(error)) from error
        self._report(reports)

    def _report(self, reports: list[ImportReport]) -> None:
        errors = [error for report in reports for error in report.errors]
        total = sum(report.total for report in reports)
        for error in errors:
            self.stderr.write(error)
        self.stdout.write(f"{total - min(len(errors), total)} of {total} items imported")
        if errors:
            raise SystemExit(1)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
