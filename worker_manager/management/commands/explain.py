"""`manage.py explain REQUEST --tenant T [--json]`."""

import json
from argparse import ArgumentParser

from django.core.management.base import CommandError

from regards_processing.kernel import clock
from regards_processing.kernel.explanations import Explained, explained
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors
from regards_processing.kernel.tenancy import queries
from regards_processing.kernel.tenancy.queries import UnknownTenant


class Command(PlatformCommand):
    """Say why a request or an execution waits, or where it is.

    Looking changes nothing.
    """

    help = __doc__
    epilog = """examples:
  manage.py explain r-17                                        lines for people
  manage.py explain r-17 --tenant cnes                          a request of another tenant
  manage.py explain r-17 --json | jq -r '.reasons[].code'       for machines

docs/reference/states.md explains each reason, docs/reference/executions.md those of executions.

Exit code 0 when the request was explained, 1 when there is no such request on its way."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which request, and how it is told."""
        parser.add_argument(
            "request", metavar="REQUEST", help="the client's id of the request, or the id of an execution"
        )
        parser.add_argument(
            "--tenant", default="default", help="tenant whose request it is (default: default)"
        )
        parser.add_argument(
            "--json", dest="as_json", action="store_true", help="print JSON (default: lines for people)"
        )

    def handle(self, *_args: object, request: str, tenant: str, as_json: bool, **_options: object) -> None:
        """Look, and tell."""
        found = _explanation(request, tenant)
        if as_json:
            self.stdout.write(json.dumps(_as_json(found), indent=2))
            return
        self.stdout.write(f"{found.subject}: {found.status}")
        for reason in found.reasons:
            self.stdout.write(f"  {reason['code']}: {reason['text']}")


def _explanation(request_id: str, tenant: str) -> Explained:
    with command_errors():
        try:
            (owner,) = queries.tenants(names=[tenant])
        except UnknownTenant as error:
            raise CommandError(f"{error}; `manage.py tenants` lists those that exist") from error
        found = explained(tenant=owner, subject=request_id, at=clock.now())
    if found is None:
        raise CommandError(
            f"Tenant {tenant} has no request {request_id!r} on its way: it has ended, or never came"
        )
    return found


def _as_json(found: Explained) -> dict[str, object]:
    return {"requestId": found.subject, "status": found.status, "reasons": list(found.reasons)}
