"""What the commands around configuration files have in common."""

from argparse import ArgumentParser
from typing import Final

from django.core.management.base import CommandError

from regards_processing.kernel.configuration.modules import Module, NothingToConfigure, module_of
from regards_processing.kernel.management.platform_command import PlatformCommand
from regards_processing.kernel.rest.services import RS_WORKER_MANAGER, SERVICES
from regards_processing.kernel.tenancy import queries
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.queries import UnknownTenant

_SERVICES: Final = {service.name: service for service in SERVICES}


class ConfigurationCommand(PlatformCommand):
    """A command about the configuration of one service in one tenant."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare tenant and service."""
        parser.add_argument(
            "--tenant", default="default", help="tenant whose configuration it is (default: default)"
        )
        parser.add_argument(
            "--service",
            default=RS_WORKER_MANAGER.name,
            choices=list(_SERVICES),
            help=f"service whose configuration it is (default: {RS_WORKER_MANAGER.name})",
        )

    def module(self, service: str) -> Module:
        """Return the module of a service.

        Raises:
            CommandError: it has nothing to configure.
        """
        try:
            return module_of(_SERVICES[service])
        except NothingToConfigure as error:
            raise CommandError(str(error)) from error

    def tenant(self, name: str) -> Tenant:
        """Return a tenant.

        Raises:
            CommandError: there is none of this name.
        """
        try:
            (found,) = queries.tenants(names=[name])
        except UnknownTenant as error:
            raise CommandError(
                f"There is no tenant {name!r}; `manage.py create_tenant {name}` makes it"
            ) from error
        return found
