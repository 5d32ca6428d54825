"""`manage.py create_tenant NAME [NAME …]`."""

from argparse import ArgumentParser

from django.conf import settings

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors
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
        """Create them and print the new ones, one a line; what was there is told on stderr."""
        wanted = names or settings.TENANTS
        with command_errors():
            created = create_tenants(names=wanted, actor=command_actor(), at=clock.now())
        for name in created:
            self.stdout.write(name)
        for name in dict.fromkeys(wanted):
            if name not in created:
                self.stderr.write(f"{name} is there already", self.style.NOTICE)
