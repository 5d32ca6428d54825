"""Managers hear of every change of worker types and workflows."""

import pytest
from prometheus_client import REGISTRY

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.testing import inbound
from regards_processing.kernel.configuration.services import check_configuration
from tests.factories.configuration_files import a_file, a_setting, a_worker, import_items
from tests.factories.worker_manager import AT, a_tenant, a_worker_type
from tests.fakes.engine import Engine, committing
from worker_manager.consumers.configuration_updated import ConfigurationUpdatedConsumer
from worker_manager.module import MODULE

pytestmark = pytest.mark.django_db

_EVENT = "fr.cnes.regards.modules.workermanager.amqp.events.internal.WorkerConfUpdatedEvent"
_HEADERS = {"regards.tenant": "demo", "regards.converter": "GSON", "regards.type": _EVENT}


def _told(engine: Engine) -> list[Outbound]:
    return engine.broker.published_to(f"regards.broadcast.rs-worker-manager.{_EVENT}")


def _heard() -> float:
    return REGISTRY.get_sample_value("regards_configuration_updates_total") or 0.0


def test_it_tells_of_an_import_exactly_as_the_contract(engine: Engine) -> None:
    tenant = a_tenant()
    with committing(execute=True):
        import_items(tenant, a_worker("unzip-worker"), a_worker("tar-worker", inputs=["untar"]))
    (sent,) = _told(engine)
    assert (sent.headers, sent.body, sent.routing_key, sent.priority) == (_HEADERS, b"{}", "", 1)


def test_it_tells_of_a_reset(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    with committing(execute=True):
        import_items(tenant, reset=True)
    assert len(_told(engine)) == 1


def test_it_tells_nothing_of_an_import_that_changed_nothing(engine: Engine) -> None:
    tenant = a_tenant()
    with committing(execute=True):
        import_items(tenant, a_worker("unzip-worker", inputs=[]))
        check_configuration(module=MODULE, tenant=tenant, document=a_file(a_setting("zip")), at=AT)
    assert _told(engine) == []


def test_it_keeps_the_word_until_the_broker_is_back(engine: Engine) -> None:
    tenant = a_tenant()
    engine.broker.down = True
    with committing(execute=True):
        import_items(tenant, a_worker("unzip-worker"))
    assert _told(engine) == []


def test_it_reads_a_queue_of_its_own_that_goes_with_it() -> None:
    consumer = ConfigurationUpdatedConsumer(instance_id="i-7")
    handler = "fr.cnes.regards.modules.workermanager.service.cache.confupdated.WorkerConfUpdatedEventHandler"
    assert consumer.queue.name == f"regards.broadcast.rs-worker-manager.i-7.{handler}"
    assert consumer.queue.auto_delete
    routes = [
        route for route in topology.service_topology("i-7").bindings if route.queue == consumer.queue.name
    ]
    assert [route.exchange for route in routes] == [f"regards.broadcast.rs-worker-manager.{_EVENT}"]


def test_it_counts_what_it_heard_and_keeps_what_it_cannot_read(engine: Engine) -> None:
    before = _heard()
    with committing(execute=True):
        engine.broker.feed(
            ConfigurationUpdatedConsumer(instance_id="i-7"),
            [
                inbound(headers=_HEADERS, body=b"{}"),
                inbound(headers={}, body=b"{}"),
                inbound(headers=_HEADERS, body=b"[]"),
                inbound(headers=_HEADERS, body=b"{}"),
            ],
        )
    assert _heard() == before + 2
    assert len(engine.broker.published_to("regards.DLX")) == 2
