"""A loop works on when PostgreSQL does not let it write for a while."""

import threading

import pytest
from django.db import connection

from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.amqp.topology import Topology
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.worker_manager import AT

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def _store() -> None:
    OutboxEntry.objects.create(created_at=AT, message_count=1, messages=b"")


def _idle_for_too_long() -> None:
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        threading.Event().wait(0.3)
        _store()


@pytest.fixture
def loop() -> BulkLoop:
    return BulkLoop((), address=BrokerAddress(), topology=Topology(), publisher=InMemoryBroker())


def test_it_leaves_a_server_that_only_reads(loop: BulkLoop) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    loop.persist(_store, threading.Event())
    assert OutboxEntry.objects.count() == 1


def test_it_tries_again_when_its_transaction_was_idle_for_too_long(loop: BulkLoop) -> None:
    tries = [_store, _idle_for_too_long]

    def try_next() -> None:
        tries.pop()()

    loop.persist(try_next, threading.Event())
    assert OutboxEntry.objects.count() == 1
