"""`manage.py tenants [NAME …] [--activate | --deactivate | --maintenance on|off]`."""

from argparse import ArgumentParser
from typing import Final

from django.core.management.base import CommandError

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors
from regards_processing.kernel.tenancy import queries, services
from regards_processing.kernel.tenancy.models import Tenant

_SWITCHES: Final = {
    "activate": services.activate,
    "deactivate": services.deactivate,
    "maintenance on": services.enable_maintenance,
    "maintenance off": services.disable_maintenance,
}


class Command(PlatformCommand):
    """List tenants, or switch them; `manage.py create_tenant` makes new ones."""

    help = __doc__
    epilog = """examples:
  manage.py tenants                               every tenant, one a line
  manage.py tenants --maintenance on demo         calls may read demo, but not change it
  manage.py tenants --deactivate cnes esa         messages and calls of both are refused

Prints the tenants as they are afterwards: name, active or inactive, and since when there is maintenance."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the names and the switches."""
        parser.add_argument("names", nargs="*", metavar="NAME", help="tenants (default: list all of them)")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument(
            "--activate",
            dest="switch",
            action="store_const",
            const="activate",
            help="take messages and calls",
        )
        switch.add_argument(
            "--deactivate", dest="switch", action="store_const", const="deactivate", help="refuse both"
        )
        switch.add_argument(
            "--maintenance",
            choices=["on", "off"],
            help="on: refuse calls that change anything (off: take them)",
        )

    def handle(
        self,
        *_args: object,
        names: list[str],
        switch: str | None,
        maintenance: str | None,
        **_options: object,
    ) -> None:
        """Switch the tenants, if asked to, then list them."""
        chosen = f"maintenance {maintenance}" if maintenance else switch
        if chosen and not names:
            raise CommandError("Name the tenants to switch")
        with command_errors():
            if chosen:
                _SWITCHES[chosen](tenants=names, actor=command_actor(), at=clock.now())
            listed = queries.tenants(names=names) if names else queries.every_tenant()
        for tenant in listed:
            self.stdout.write(_line(tenant))


def _line(tenant: Tenant) -> str:
    state = "active" if tenant.active else "inactive"
    since = f", in maintenance since {tenant.maintenance_since.isoformat()}" if tenant.maintenance else ""
    return f"{tenant.name}: {state}{since}"
