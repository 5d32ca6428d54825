"""`manage.py request_queues [shared | tenant]`."""

from argparse import ArgumentParser
from typing import Final

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.queue_depths import queue_depths
from regards_processing.kernel.amqp.request_queues import are_sorted
from regards_processing.kernel.amqp.topology import REQUEST_QUEUE, own_request_queues
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors
from regards_processing.kernel.tenancy.queries import tenants_with_own_request_queue
from worker_manager.services import request_queues

#: Seconds that one answer of the broker may take.
_ANSWER: Final = 10.0


class Command(PlatformCommand):
    """Say in which queues requests of clients wait, or change it, while everything runs."""

    help = __doc__
    epilog = """examples:
  manage.py request_queues                how it is, and how many wait in each queue
  manage.py request_queues tenant         a queue for each tenant: none waits for the flood of another one
  manage.py request_queues shared         one queue for all, as REGARDS has it; what waits is moved there

Clients publish as before; nothing is lost, and nothing comes twice. See docs/reference/flow-control.md."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what may be asked for."""
        parser.add_argument(
            "kind", nargs="?", choices=["shared", "tenant"], help="whose the queues are to be (default: tell)"
        )

    def handle(self, *_args: object, kind: str | None, **_options: object) -> None:
        """Switch, if asked to, then tell."""
        with command_errors():
            if kind == "tenant":
                request_queues.sort_by_tenant(actor=command_actor(), at=clock.now())
            elif kind == "shared":
                moved = request_queues.keep_together(actor=command_actor(), at=clock.now())
                self.stdout.write(f"{moved} requests were moved")
            self._tell()

    def _tell(self) -> None:
        address = address_from_settings()
        own = are_sorted(address=address)
        self.stdout.write("each tenant has a queue of its own" if own else "all tenants share one queue")
        queues = [queue.name for queue in own_request_queues(tenants_with_own_request_queue())]
        for depth in queue_depths(address=address, queues=[REQUEST_QUEUE, *queues], timeout=_ANSWER):
            self.stdout.write(f"{depth.queue}: {depth.messages} waiting")
