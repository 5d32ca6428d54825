"""`manage.py create_tenant NAME [NAME …]`."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import CommandError

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.management.platform_command import PlatformCommand
from regards_processing.kernel.tenancy.services import create_tenants


class Command(PlatformCommand):
    """Create tenants; those that exist already are left as they are."""

    help = __doc__
    epilog = """examples:
  manage.py create_tenant demo
  manage.py create_tenant cnes esa
  REGARDS_TENANTS=a,b manage.py create_tenant     the tenants of REGARDS_TENANTS"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the names."""
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help="tenant names (default: those of REGARDS_TENANTS)"
        )

    def handle(self, *_args: object, names: list[str], **_options: object) -> None:
        """Create them and print the new ones, one a line."""
        try:
            created = create_tenants(names=names or settings.TENANTS, actor=command_actor(), at=clock.now())
        except DomainError as error:
            raise CommandError(str(error)) from error
        for name in created:
            self.stdout.write(name)
