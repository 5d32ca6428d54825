"""`manage.py cancel REQUEST [REQUEST …] --tenant T`."""

from argparse import ArgumentParser

from django.core.management.base import CommandError

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors
from regards_processing.kernel.tenancy import queries
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.queries import UnknownTenant
from worker_manager.searches import UnknownRequest
from worker_manager.services.cancellation import cancel_request


class Command(PlatformCommand):
    """Cancel requests that have not ended: their clients are told, and so are the fleets.

    Each is cancelled by itself; what cannot be is said at the end.
    """

    help = __doc__
    epilog = """examples:
  manage.py cancel r-17                                  one request of tenant default
  manage.py cancel r-17 r-18 --tenant cnes               several of another tenant
  manage.py explain r-17 && manage.py cancel r-17        look first

docs/reference/states.md says what a cancellation means; by filter: docs/reference/jobs.md.

Exit code 0 when all were cancelled, 1 otherwise."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which requests."""
        parser.add_argument("requests", metavar="REQUEST", nargs="+", help="the client's id of a request")
        parser.add_argument(
            "--tenant", default="default", help="tenant whose requests they are (default: default)"
        )

    def handle(self, *_args: object, requests: list[str], tenant: str, **_options: object) -> None:
        """Cancel one after the other."""
        with command_errors():
            self._cancel(requests, tenant)

    def _cancel(self, requests: list[str], tenant: str) -> None:
        owner, failed = _tenant(tenant), []
        for request_id in dict.fromkeys(requests):
            try:
                cancel_request(tenant=owner, request_id=request_id, actor=command_actor(), at=clock.now())
            except UnknownRequest:
                failed.append(f"Tenant {tenant} has no request {request_id!r} on its way")
            except DomainError as error:
                failed.append(str(error))
            else:
                self.stdout.write(f"{request_id}: cancelled")
        if failed:
            raise CommandError("\n".join(failed))


def _tenant(name: str) -> Tenant:
    try:
        (found,) = queries.tenants(names=[name])
    except UnknownTenant as error:
        raise CommandError(f"{error}; `manage.py tenants` lists those that exist") from error
    return found
