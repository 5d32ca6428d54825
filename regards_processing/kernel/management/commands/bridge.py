"""`manage.py bridge`: virtual hosts of tenants."""

import logging
import signal
import threading
from argparse import ArgumentParser
from datetime import datetime
from types import FrameType

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.bridge.removal import take_down
from regards_processing.kernel.bridge.services import Bridge, bridge_from_settings, hosts_from_settings
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.management.platform_command import PlatformCommand
from regards_processing.kernel.observability import probes
from regards_processing.kernel.observability.health import Unfit
from workers.observability.server import PortTaken

log = logging.getLogger(__name__)


class Command(PlatformCommand):
    """Give each tenant a virtual host of its own: pass messages on between these and that of BROKER_URL."""

    help = __doc__
    epilog = """examples:
  BROKER_URL=amqp://… DATABASE_URL=postgres://… manage.py bridge
  manage.py bridge --remove                       tenants have no virtual hosts any more

Clients, workers and services of a tenant speak in regards.<tenant>, or still in the one that all share.
Run as many as you like: they share the work. SIGTERM finishes what is in hand, then exits with 0."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what may be asked for."""
        parser.add_argument(
            "--remove",
            action="store_true",
            help="send nothing to virtual hosts of tenants any more; they stay, with what is in them",
        )
        parser.add_argument(
            "--drop-waiting", action="store_true", help="with --remove: also what still waits for them"
        )

    def handle(self, *_args: object, remove: bool, drop_waiting: bool, **_options: object) -> None:
        """Serve until SIGTERM or SIGINT, or take away what a bridge has left."""
        if drop_waiting and not remove:
            raise CommandError("--drop-waiting goes with --remove")
        try:
            bridge = bridge_from_settings()
            if remove:
                dropped = take_down(
                    address=address_from_settings(), hosts=hosts_from_settings(), drop_waiting=drop_waiting
                )
                self.stdout.write(f"{dropped} messages were dropped")
            else:
                _serve(bridge)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be read ({error}); was `manage.py migrate` run?"
            ) from error


def _serve(bridge: Bridge) -> None:
    stop = threading.Event()

    def finish(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    _answer_probes(bridge)
    log.info("bridge runs", extra={"action": "bridge.started"})
    bridge.run(stop)
    log.info("bridge stopped", extra={"action": "bridge.stopped"})


def _answer_probes(bridge: Bridge) -> None:
    """Answer probes, if there is a port for them."""

    def turns(_at: datetime) -> str:
        silent = bridge.silent_for()
        if silent > settings.LOOP_SILENCE:
            raise Unfit(f"A loop has not turned for {silent:.0f} s")
        return "The loops turn"

    try:
        probes.start(probes.process("bridge", own={"loops": turns}))
    except PortTaken as error:
        raise CommandError(str(error)) from error
