"""`manage.py import_configuration FILE --tenant T --service S`."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from django.core.management.base import CommandError

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.configuration.modules import Module
from regards_processing.kernel.configuration.report import ImportReport
from regards_processing.kernel.configuration.services import (
    check_configuration,
    import_configuration,
    unknown_modules,
)
from regards_processing.kernel.management.configuration_command import ConfigurationCommand
from regards_processing.kernel.management.platform_command import command_errors


class Command(ConfigurationCommand):
    """Import a configuration file of REGARDS, or say what an import of it would refuse."""

    help = __doc__
    epilog = """examples:
  manage.py import_configuration docs/examples/scenes.json
  manage.py import_configuration config-rs-worker-manager.json --tenant demo --check
  curl … | manage.py import_configuration - --tenant demo --service rs-worker-manager

Every refused item is told on stderr, with its place in the file, the field, the value and what is allowed.
Exit code 0 when all items were imported (with --check: would be), 1 when some were refused, or when a module
is of no service; the others are imported."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file, and whether to check it only."""
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", help="the file, or - for standard input")
        parser.add_argument(
            "--check",
            action="store_true",
            help="check the file, against what is configured too, and change nothing (default: import it)",
        )

    def handle(
        self, *_args: object, file: str, tenant: str, service: str, check: bool = False, **_options: object
    ) -> None:
        """Import or check, and report."""
        module = self.module(service)
        with command_errors():
            owner = self.tenant(tenant)
            document, at = _read(file), clock.now()
            if check:
                reports = check_configuration(module=module, tenant=owner, document=document, at=at)
            else:
                reports = import_configuration(
                    module=module, tenant=owner, document=document, actor=command_actor(), at=at
                )
        self._report(module, reports, done="would be imported" if check else "imported")
        strangers = unknown_modules(document=document)
        for text in strangers:
            self.stderr.write(text)
        if strangers or any(report.errors for report in reports):
            raise SystemExit(1)

    def _report(self, module: Module, reports: Sequence[ImportReport], *, done: str) -> None:
        if not reports:
            self.stderr.write(f"The file has no module {module.service.module_id}", self.style.WARNING)
        for report in reports:
            for warning in report.warnings:
                self.stderr.write(f"warning: {warning}", self.style.WARNING)
            for error in report.located_errors:
                self.stderr.write(error)
        imported, total = (sum(r.imported for r in reports), sum(r.total for r in reports))
        self.stdout.write(f"{imported} of {total} items {done}")


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
