"""`manage.py consume`: the manager."""

import logging
import threading
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.amqp.loop import BulkLoop, instance_loop_from_settings, loop_from_settings
from regards_processing.kernel.amqp.publisher import publisher
from regards_processing.kernel.amqp.side_loops import SideLoops
from regards_processing.kernel.audit.actors import command_actor
from regards_processing.kernel.management.loop_command import answer_probes, stop_at_signals
from regards_processing.kernel.management.platform_command import PlatformCommand
from regards_processing.kernel.observability import tracing
from regards_processing.kernel.outbox import services as outbox
from regards_processing.kernel.outbox.port import working_ahead
from regards_processing.kernel.tenancy.queries import every_tenant
from regards_processing.kernel.tenancy.services import create_tenants
from workers.garbage import spare_what_is_loaded

log = logging.getLogger(__name__)

#: Rather more than a bulk makes and lets go of by itself.
_OBJECTS_OF_A_BULK: Final = 20_000


class Command(PlatformCommand):
    """Run a manager: take requests, heartbeats, answers and dead letters from the broker, in bulks."""

    help = __doc__
    lasting = True
    epilog = """examples:
  manage.py consume                               on the embedded broker
  BROKER_URL=amqp://… DATABASE_URL=postgres://… manage.py consume
  BULK_SIZE=200 manage.py consume                 smaller bulks (default: 1000)

Run as many as you like: they share the work. SIGTERM finishes the bulk in hand, then exits with 0."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say how it is used; it has no options but its settings."""

    def handle(self, *_args: object, **_options: object) -> None:
        """Consume until SIGTERM or SIGINT."""
        stop = stop_at_signals()
        loop = loop_from_settings(
            _declared(settings.CONSUMERS), on_tick=outbox.forget_confirmed, guests=_of_tenants
        )
        answer_probes("manager", silent_for=loop.silent_for)
        loop.persist(_prepare, stop)
        if not stop.is_set():
            _consume(loop, stop)
        log.info("manager stopped", extra={"action": "manager.stopped"})


def _consume(loop: BulkLoop, stop: threading.Event) -> None:
    tracing.serve_as("manager")
    spare_what_is_loaded(begin_after=_OBJECTS_OF_A_BULK)
    try:
        with _hearing_of_tenants(stop), working_ahead(publisher()):
            loop.run(stop)
        outbox.forget_confirmed()
    finally:
        tracing.close()


@contextmanager
def _hearing_of_tenants(stop: threading.Event) -> Iterator[None]:
    """Hear of tenants while the block lasts, where there is a virtual host of the instance.

    Raises:
        CommandError: that has failed; the manager was stopped.
    """
    if not settings.INSTANCE_BROKER_URL:
        yield
        return
    hearing = instance_loop_from_settings(_declared(settings.INSTANCE_CONSUMERS))
    beside = SideLoops("instance", [hearing], on_failure=stop.set).start()
    try:
        yield
        if not beside.alive:
            raise CommandError("What is told of tenants cannot be handled; the log says why")
    finally:
        beside.close()


def _declared(paths: Sequence[str]) -> list[BatchConsumer[Any]]:
    """Return the consumers that the apps declare."""
    return [each for path in paths for each in import_string(path)(instance_id=settings.AMQP_INSTANCE_ID)]


def _of_tenants() -> Sequence[BatchConsumer[Any]]:
    """Return the consumers of the queues that each tenant has."""
    declared = [import_string(path) for path in settings.TENANT_CONSUMERS]
    return [each for tenant in every_tenant() for give in declared for each in give(tenant=tenant)]


def _prepare() -> None:
    """Do what comes before the first message."""
    _check_tables()
    create_tenants(names=settings.TENANTS, actor=command_actor(), at=clock.now())


def _check_tables() -> None:
    """Refuse to start on a database that lacks tables or columns of this release."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise CommandError(
            f"The database lacks {len(missing)} migrations, the first one is {missing[0][0]}; "
            "run `manage.py migrate` first"
        )
