"""`manage.py dead_letters list | show | replay | drop`."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import CommandError
from django.db import DatabaseError

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.topology import dead_letter_queues
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.dead_letters import queries, report, services
from regards_processing.kernel.dead_letters.choice import Choice
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.management.arguments import counted
from regards_processing.kernel.management.platform_command import PlatformCommand

#: Messages that are listed unless told otherwise.
_LISTED: Final = 20


class Command(PlatformCommand):
    """Look at messages that nobody could handle, send them back, or drop them.

    Looking removes nothing. A replay may be repeated: nothing is lost, and what comes twice counts once.
    """

    help = __doc__
    epilog = """examples:
  manage.py dead_letters list                                       how many there are in each queue
  manage.py dead_letters show --queue regards.DLQ 1                 all that is known of the next one
  manage.py dead_letters replay --queue regards.DLQ --request r-1   give those of a request another chance
  manage.py dead_letters drop --queue regards.DLQ --limit 10 --yes  remove the next ten

docs/reference/dead-letters.md says where messages go back to, and which ones stay.

Exit code 0 when all that was asked for is done, 1 on errors and when messages cannot be replayed."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the four actions."""
        actions = parser.add_subparsers(dest="do", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="count dead letters, or list those of a queue")
        showing = actions.add_parser("show", help="show one dead letter")
        replaying = actions.add_parser("replay", help="send dead letters back to the queues they died in")
        dropping = actions.add_parser("drop", help="remove dead letters for good")
        for action in (listing, showing, replaying, dropping):
            action.add_argument(
                "--queue",
                required=action is not listing,
                help=f"one of {', '.join(spec.name for spec in dead_letter_queues())}",
            )
            action.add_argument("--json", dest="as_json", action="store_true", help="print JSON")
        listing.add_argument(
            "--limit", type=counted(), default=_LISTED, help=f"most messages (default: {_LISTED})"
        )
        showing.add_argument("position", type=counted(), metavar="N", help="1 for the next message")
        showing.add_argument(
            "--excerpt",
            type=counted(),
            default=report.EXCERPT,
            metavar="BYTES",
            help=f"most bytes of the body (default: {report.EXCERPT})",
        )
        for action in (replaying, dropping):
            action.add_argument("--limit", type=counted(), help="most messages (default: all)")
            action.add_argument("--request", metavar="ID", help="only messages of this request")
        dropping.add_argument("--yes", action="store_true", help="dropped messages cannot be brought back")

    def handle(self, *_args: object, do: str, **options: Any) -> None:
        """Do what was asked for."""
        action = {"list": self._list, "show": self._show, "replay": self._replay, "drop": self._drop}[do]
        try:
            action(options)
        except DomainError as error:
            raise CommandError(report.printable(str(error))) from error
        except DatabaseError as error:
            raise CommandError(f"Nothing is done that cannot be recorded: {error}") from error

    def _list(self, options: dict[str, Any]) -> None:
        if options["queue"] is None:
            counts = queries.queue_counts()
            told = {"queues": [{"queue": each.queue, "messages": each.messages} for each in counts]}
            self._write(options, told, [f"{each.messages:>8}  {each.queue}" for each in counts])
            return
        letters = queries.first_letters(queue=options["queue"], limit=options["limit"])
        told = {"letters": [report.letter_as_json(letter) for letter in letters]}
        self._write(options, told, [report.line(letter) for letter in letters] or ["No dead letters"])

    def _show(self, options: dict[str, Any]) -> None:
        letter = queries.letter_at(queue=options["queue"], position=options["position"])
        excerpt = options["excerpt"]
        told = report.whole_as_json(letter, excerpt=excerpt)
        self._write(options, told, list(report.lines(letter, excerpt=excerpt)))

    def _replay(self, options: dict[str, Any]) -> None:
        self._settle(options, services.replay, verb="replayed")

    def _drop(self, options: dict[str, Any]) -> None:
        if not options["yes"]:
            raise CommandError("Dropped messages cannot be brought back: say --yes if you mean it")
        self._settle(options, services.drop, verb="dropped")

    def _settle(self, options: dict[str, Any], settle: Callable[..., services.Outcome], *, verb: str) -> None:
        choice = Choice(queue=options["queue"], limit=options["limit"], request_id=options["request"])
        outcome = settle(choice=choice, actor=command_actor(), at=clock.now())
        rows = [
            f"number {each.position} stays (request {each.request_id or '-'}): {each.reason}"
            for each in outcome.stayed
        ]
        told = report.outcome_as_json(outcome, verb=verb)
        self._write(options, told, [*map(report.printable, rows), f"{outcome.done} {verb}"])
        if outcome.stayed:
            raise SystemExit(1)

    def _write(self, options: dict[str, Any], told: dict[str, Any], rows: list[str]) -> None:
        self.stdout.write(json.dumps(told, indent=2) if options["as_json"] else "\n".join(rows))
