"""Messages carry the correlation id of the call that caused them."""

import pytest

from regards_processing.kernel.amqp.envelope import Outbound, unpack
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.correlation import correlated
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.observability.tracing import under
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.outbox.port import publishing_through
from regards_processing.kernel.outbox.services import publish_after_commit
from tests.factories.worker_manager import AT
from workers.contract.trace_parent import TraceParent

pytestmark = pytest.mark.django_db(transaction=True)


def _publish(broker: InMemoryBroker, **headers: str) -> list[Outbound]:
    message = Outbound(exchange="a", headers={"regards.tenant": "demo", **headers}, body=b"{}")
    with publishing_through(broker), transaction():
        publish_after_commit(messages=[message], at=AT)
    return broker.published


def test_it_adds_the_correlation_id_of_the_call() -> None:
    with correlated("call-7"):
        published = _publish(InMemoryBroker())
    assert published[0].headers == {"regards.tenant": "demo", "correlation-id": "call-7"}


def test_it_keeps_the_correlation_id_that_a_message_has() -> None:
    with correlated("call-7"):
        published = _publish(InMemoryBroker(), **{"correlation-id": "older"})
    assert published[0].headers["correlation-id"] == "older"


def test_it_adds_the_span_of_the_call() -> None:
    span = TraceParent(trace_id="1" * 32, span_id="2" * 16, sampled=True)
    with under(span):
        published = _publish(InMemoryBroker())
    assert published[0].headers == {"regards.tenant": "demo", "traceparent": span.to_header()}


def test_it_keeps_the_span_that_a_message_has() -> None:
    with under(TraceParent(trace_id="1" * 32, span_id="2" * 16, sampled=True)):
        published = _publish(InMemoryBroker(), traceparent="older")
    assert published[0].headers["traceparent"] == "older"


def test_it_adds_nothing_where_there_is_no_call() -> None:
    assert _publish(InMemoryBroker())[0].headers == {"regards.tenant": "demo"}


def test_it_keeps_the_correlation_id_while_the_broker_is_away() -> None:
    broker = InMemoryBroker()
    broker.down = True
    with correlated("call-7"):
        _publish(broker)
    (stored,) = unpack(bytes(OutboxEntry.objects.get().messages))
    assert stored.headers["correlation-id"] == "call-7"
