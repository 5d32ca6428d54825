"""`manage.py export_configuration --tenant T --service S`."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import CommandError

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.configuration.envelope import to_text
from regards_processing.kernel.configuration.file_schema import file_schema
from regards_processing.kernel.configuration.services import export_configuration
from regards_processing.kernel.management.configuration_command import ConfigurationCommand
from regards_processing.kernel.management.platform_command import command_errors


class Command(ConfigurationCommand):
    """Write the configuration of a service as a file that can be imported again, here or elsewhere."""

    help = __doc__
    epilog = """examples:
  manage.py export_configuration
  manage.py export_configuration --tenant demo --service rs-worker-manager --output config.json
  manage.py export_configuration --schema > configuration.schema.json

The file holds secrets in clear."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where the file goes, and what else can be written."""
        super().add_arguments(parser)
        parser.add_argument("--output", metavar="FILE", help="where to write (default: standard output)")
        parser.add_argument(
            "--schema",
            action="store_true",
            help="write the JSON Schema of such files instead (default: the configuration)",
        )

    def handle(
        self,
        *_args: object,
        tenant: str,
        service: str,
        output: str | None,
        schema: bool = False,
        **_options: object,
    ) -> None:
        """Export and write."""
        module = self.module(service)
        if schema:
            self._write(to_text(file_schema(module)), output)
            return
        with command_errors():
            file = export_configuration(
                module=module, tenant=self.tenant(tenant), actor=command_actor(), at=clock.now()
            )
        self._write(to_text(file), output)

    def _write(self, text: str, output: str | None) -> None:
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            Path(output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}") from error
