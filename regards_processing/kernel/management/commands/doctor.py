"""`manage.py doctor [--json] [--only CHECK …]`."""

import json
from argparse import ArgumentParser

from django.core.management.base import CommandError
from django.db import DatabaseError

from regards_processing.kernel import clock
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.doctor.checks import chosen_checks, known_checks
from regards_processing.kernel.doctor.examination import examine
from regards_processing.kernel.doctor.findings import Outcome
from regards_processing.kernel.doctor.moving import move_messages
from regards_processing.kernel.doctor.report import Lines, examination_as_json
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Look whether the platform is well, and say what to do where it is not.

    Looking changes nothing.
    """

    help = __doc__
    epilog = """examples:
  manage.py doctor                                make every check
  manage.py doctor --only broker --only queues    make two of them
  manage.py doctor --json | jq .outcome           for machines
  manage.py doctor --move-messages regards.DLQ    declare a queue again and keep its messages

Run it as the user of the processes, with their variables. docs/reference/doctor.md explains each check.

Exit code 0 when no check failed (there may be warnings), 1 when one did."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what is looked at, and how it is told."""
        parser.add_argument(
            "--json", dest="as_json", action="store_true", help="print JSON (default: lines for people)"
        )
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            metavar="CHECK",
            help=f"make this check; repeatable (default: all of {', '.join(c.name for c in known_checks())})",
        )
        parser.add_argument(
            "--move-messages",
            metavar="QUEUE",
            help="move the messages of a queue with other arguments into one with ours, and look at nothing",
        )

    def handle(
        self,
        *_args: object,
        as_json: bool,
        only: list[str],
        move_messages: str | None,
        **_options: object,
    ) -> None:
        """Look, or move messages."""
        try:
            if move_messages is None:
                self._look(only, as_lines=not as_json)
            else:
                self._move(move_messages)
        except DomainError as error:
            raise CommandError(str(error)) from error

    def _look(self, only: list[str], *, as_lines: bool) -> None:
        lines = Lines(self.stdout)
        examination = examine(
            chosen_checks(only),
            at=clock.now(),
            on_diagnosis=lines.show if as_lines else lambda _diagnosis: None,
        )
        if as_lines:
            lines.conclude(examination)
        else:
            self.stdout.write(json.dumps(examination_as_json(examination), indent=2))
        if examination.outcome == Outcome.FAILED:
            raise SystemExit(1)

    def _move(self, queue: str) -> None:
        try:
            moved = move_messages(queue=queue, actor=command_actor(), at=clock.now())
        except DatabaseError as error:
            raise CommandError(f"Nothing is done that cannot be recorded: {error}") from error
        self.stdout.write(f"{queue} is as the contract says; it kept {moved} messages")
