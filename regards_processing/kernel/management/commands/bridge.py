"""`manage.py bridge`: virtual hosts of tenants."""

import logging
from argparse import ArgumentParser

from django.core.management.base import CommandError

from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.bridge.removal import take_down
from regards_processing.kernel.bridge.services import Bridge, bridge_from_settings, hosts_from_settings
from regards_processing.kernel.management.loop_command import answer_probes, stop_at_signals
from regards_processing.kernel.management.platform_command import PlatformCommand, command_errors

log = logging.getLogger(__name__)


class Command(PlatformCommand):
    """Give each tenant a virtual host of its own: pass messages on between these and that of BROKER_URL."""

    help = __doc__
    lasting = True
    epilog = """examples:
  BROKER_URL=amqp://… DATABASE_URL=postgres://… manage.py bridge
  manage.py bridge --remove                       tenants have no virtual hosts any more

Clients, workers and services of a tenant speak in regards.<tenant>, or still in the one that all share.
One is enough; a second one stands by, and takes a part of what comes.
SIGTERM finishes what is in hand, then exits with 0."""

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
        with command_errors():
            bridge = bridge_from_settings()
            if remove:
                dropped = take_down(
                    address=address_from_settings(), hosts=hosts_from_settings(), drop_waiting=drop_waiting
                )
                self.stdout.write(f"{dropped} messages were dropped")
            else:
                _serve(bridge)


def _serve(bridge: Bridge) -> None:
    stop = stop_at_signals()
    answer_probes("bridge", silent_for=bridge.silent_for)
    log.info("bridge runs", extra={"action": "bridge.started"})
    bridge.run(stop)
    log.info("bridge stopped", extra={"action": "bridge.stopped"})
