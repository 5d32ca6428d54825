"""`manage.py submit [FILE …]`."""

import math
import secrets
import signal
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from types import FrameType
from typing import Any, Final

from django.core.management.base import CommandError

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.listener import Listener
from regards_processing.kernel.amqp.publisher import publisher
from regards_processing.kernel.management.arguments import counted
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.client.bodies import checked, read_bodies
from worker_manager.client.following import Following
from worker_manager.client.report import ProgressBar, json_line, summary
from worker_manager.client.submitting import publish_requests, submit_and_follow
from worker_manager.events.request_answered import ResponseState
from worker_manager.events.request_submitted import RequestSubmitted

#: Requests that `--count` makes of bodies at most: all of them are kept in memory.
_MOST: Final = 1_000_000
#: Exit code of a program that SIGINT ended.
_INTERRUPTED: Final = 130
_UNHEARD: Final = "no response; does a manager run (manage.py consume)?"


class Command(PlatformCommand):
    """Submit requests and wait for what becomes of them.

    Prints one line of JSON on stdout for each request that has ended, in the order they end.
    """

    help = __doc__
    epilog = """examples:
  manage.py submit --content-type scenes --body '{"url": "file:///data/scene.zip"}'
  manage.py submit --content-type scenes --session 2025-06 requests.jsonl
  generate-bodies | manage.py submit --content-type checksum --no-wait -

A FILE that ends in .json holds one body; any other file, and standard input (-), holds one a line. Nothing is
sent unless every body is a JSON object.

Exit code 0 when every request ended in SUCCESS (with --no-wait: when all were published), 1 when one ended
otherwise or not in time, 130 when interrupted. Requests go on when this command is interrupted."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what is submitted, under which names, and how long to wait."""
        parser.add_argument("files", nargs="*", metavar="FILE", help="files of bodies, - for stdin")
        parser.add_argument(
            "--body", action="append", default=[], metavar="JSON", help="a body, instead of files; repeatable"
        )
        parser.add_argument(
            "--content-type",
            type=_not_blank,
            required=True,
            help="what chooses the worker type or the workflow (required)",
        )
        parser.add_argument("--tenant", default="default", help="(default: default)")
        parser.add_argument("--owner", default="submit", help="whose requests they are (default: submit)")
        parser.add_argument("--session", help="groups requests of an owner (default: today's date, UTC)")
        parser.add_argument(
            "--count",
            type=counted(most=_MOST),
            default=1,
            metavar="N",
            help="submit each body N times (default: 1)",
        )
        ids = parser.add_mutually_exclusive_group()
        ids.add_argument("--request-id", metavar="ID", help="id of a single request")
        ids.add_argument(
            "--id-prefix", metavar="PREFIX", help="ids are PREFIX-1, PREFIX-2, … (default: submit-<random>)"
        )
        parser.add_argument(
            "--no-wait", dest="wait", action="store_false", help="do not wait: print the ids that were sent"
        )
        parser.add_argument(
            "--timeout",
            type=_seconds,
            default=math.inf,
            metavar="SECONDS",
            help="longest wait after the last request was sent (default: no limit)",
        )

    def handle(self, *_args: object, wait: bool, timeout: float, **options: Any) -> None:
        """Publish and, unless told otherwise, follow."""
        with command_errors():
            _check_tenant(options["tenant"])
            submissions = _submissions(options)
            if wait:
                self._follow(submissions, tenant=options["tenant"], timeout=timeout)
            else:
                self._send(submissions)

    def _send(self, submissions: Sequence[RequestSubmitted]) -> None:
        publish_requests(submissions=submissions, publisher=publisher())
        for submission in submissions:
            self.stdout.write(submission.request_id)

    def _follow(self, submissions: Sequence[RequestSubmitted], *, tenant: str, timeout: float) -> None:
        following = Following(tenant=tenant)
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            with (
                Listener(client_id=f"submit-{secrets.token_hex(8)}") as listener,
                ProgressBar(total=len(submissions), following=following) as bar,
            ):
                for request in submit_and_follow(
                    submissions=submissions,
                    following=following,
                    hearing=listener,
                    publisher=publisher(),
                    patience=timeout,
                    on_turn=bar.update,
                ):
                    self.stdout.write(json_line(request))
        except KeyboardInterrupt:
            self.stderr.write(f"interrupted: {summary(following)}")
            raise SystemExit(_INTERRUPTED) from None
        self._conclude(following, timeout)

    def _conclude(self, following: Following, timeout: float) -> None:
        self.stderr.write(summary(following), self.style.NOTICE)
        for request in following.open[:10]:
            heard = " ".join((request.state, *request.messages)) if request.state else _UNHEARD
            self.stderr.write(f"{request.request_id} has not ended after {timeout:g} s: {heard}")
        if following.open_count or following.ended.keys() - {ResponseState.SUCCESS}:
            raise SystemExit(1)


def _check_tenant(tenant: str) -> None:
    """Refuse a tenant that the engine would not answer to."""
    if not Tenant.objects.filter(name=tenant, active=True).exists():
        raise CommandError(f"There is no active tenant {tenant!r}; `manage.py create_tenant` makes one")


def _submissions(options: dict[str, Any]) -> list[RequestSubmitted]:
    if bool(options["body"]) == bool(options["files"]):
        raise CommandError("Give either files or --body")
    bodies = [checked(body.encode(), place="--body") for body in options["body"]]
    bodies += read_bodies(files=options["files"])
    if not bodies:
        raise CommandError("There is nothing to submit: the files hold no body")
    count = options["count"]
    if count > 1 and len(bodies) * count > _MOST:
        raise CommandError(f"--count {count} times {len(bodies)} bodies are more than {_MOST} requests")
    bodies = [body for body in bodies for _ in range(count)]
    return [
        RequestSubmitted(
            tenant=options["tenant"],
            request_id=request_id,
            owner=options["owner"],
            session=options["session"] or clock.now().date().isoformat(),
            content_type=options["content_type"],
            content=body,
        )
        for request_id, body in zip(_request_ids(options, len(bodies)), bodies, strict=True)
    ]


def _request_ids(options: dict[str, Any], count: int) -> list[str]:
    given: str | None = options["request_id"]
    if given is None:
        prefix = options["id_prefix"] or f"submit-{secrets.token_hex(4)}"
        return [f"{prefix}-{number}" for number in range(1, count + 1)]
    if count > 1:
        raise CommandError(f"--request-id names one request, there are {count}; use --id-prefix")
    return [given]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ArgumentTypeError(f"a text that is not blank is expected, got {text!r}")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise ArgumentTypeError(f"a number of seconds above 0 is expected, got {text!r}")
    return seconds


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
