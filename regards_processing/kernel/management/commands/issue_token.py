"""`manage.py issue_token --tenant T --user U --role R`."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any, Final

from django.conf import settings

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.services.issuing import issue_token
from regards_processing.kernel.management.arguments import counted
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors

#: Seconds of ten years: a longer validity is a mistake.
_LONGEST: Final = 10 * 366 * 86_400


class Command(PlatformCommand):
    """Print a token for the REST interface; who asked for it is recorded in the audit trail."""

    help = __doc__
    epilog = """examples:
  manage.py issue_token --tenant demo --user ada --role EXPLOIT
  manage.py issue_token --tenant instance --user root --role INSTANCE_ADMIN --expires 600
  curl -H "Authorization: Bearer $(manage.py issue_token --tenant demo --user rs-order --role SYS_rs-order)" …

Whoever has a token is who it says, until it expires: there is no way to call it back."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare whom the token is for."""
        parser.add_argument(
            "--tenant", required=True, help="an active tenant, instance or _NOTENANT_ (required)"
        )
        parser.add_argument("--user", required=True, help="login, which need not be a user here (required)")
        parser.add_argument(
            "--role",
            required=True,
            help="a native role, one of the tenant's own, or SYS_<service> (required)",
        )
        parser.add_argument("--email", help="(default: the login)")
        parser.add_argument(
            "--group", action="append", default=[], metavar="NAME", help="access group; repeatable"
        )
        parser.add_argument(
            "--expires",
            type=counted(most=_LONGEST, kind="a whole number of seconds"),
            default=settings.ACCESS_TOKEN_VALIDITY,
            metavar="SECONDS",
            help="validity (default: %(default)s, from ACCESS_TOKEN_SECONDS)",
        )
        parser.add_argument("--kid", help="secret key that signs (default: the one that signs usually)")

    def handle(self, *_args: object, **options: Any) -> None:
        """Issue it and print it, on a line of its own."""
        caller = Caller(
            tenant=options["tenant"],
            login=options["user"],
            email=options["email"] or options["user"],
            role=options["role"],
            access_groups=tuple(options["group"]),
        )
        with command_errors():
            token = issue_token(
                caller=caller,
                valid_for=timedelta(seconds=options["expires"]),
                actor=command_actor(),
                at=clock.now(),
                kid=options["kid"],
            )
        self.stdout.write(token)
