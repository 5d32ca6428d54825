"""What is declared, in the contract's words."""

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.queue_topology import topology_of
from regards_processing.kernel.amqp.topology import Topology
from workers.contract import names

REQUEST_HANDLER = "fr.cnes.regards.modules.workermanager.service.flow.RequestHandler"
CONFIGURATION_HANDLER = (
    "fr.cnes.regards.modules.workermanager.service.cache.confupdated.WorkerConfUpdatedEventHandler"
)
DELETIONS = "fr.cnes.regards.framework.modules.session.commons.service.delete"
PROCESSING_HANDLERS = "regards.broadcast.rs-processing.fr.cnes.regards.modules.processing.service.handlers"


def arguments(declared: Topology) -> dict[str, dict[str, str | int]]:
    return {queue.name: queue.arguments for queue in declared.queues}


def test_it_gives_every_queue_the_arguments_of_the_contract() -> None:
    dlx = {"x-max-priority": 255, "x-dead-letter-exchange": "regards.DLX"}
    assert arguments(topology.service_topology("m1")) == {
        "regards.DLQ": {"x-max-priority": 255},
        f"regards.broadcast.rs-worker-manager.{REQUEST_HANDLER}": {
            **dlx,
            "x-dead-letter-routing-key": "regards.DLQ",
        },
        "regards.worker.manager.response": {
            **dlx,
            "x-dead-letter-routing-key": "regards.worker.manager.response.DLQ",
        },
        "regards.worker.manager.answer": {
            "x-dead-letter-exchange": "regards.DLX",
            "x-dead-letter-routing-key": "regards.worker.manager.response.DLQ",
        },
        "regards.worker.manager.response.DLQ": {"x-max-priority": 255},
        "regards.worker.manager.request.dlq": {"x-max-priority": 255},
        **{
            f"regards.broadcast.rs-worker-manager.{DELETIONS}.{kind}DeleteEventHandler": {
                **dlx,
                "x-dead-letter-routing-key": "regards.DLQ",
            }
            for kind in ("Session", "Source")
        },
        f"{PROCESSING_HANDLERS}.ExecutionRequestEventHandler": {
            **dlx,
            "x-dead-letter-routing-key": "regards.DLQ",
        },
        f"{PROCESSING_HANDLERS}.DownloadedOutputFileEventHandler": {
            **dlx,
            "x-dead-letter-routing-key": "regards.DLQ",
        },
        **{
            f"regards.processing.execution.{name}": {
                "x-dead-letter-exchange": "regards.DLX",
                "x-dead-letter-routing-key": "regards.DLQ",
            }
            for name in ("answer", "cancel")
        },
        "regards.worker.manager.heartbeat.m1": {**dlx, "x-dead-letter-routing-key": "regards.DLQ"},
        f"regards.broadcast.rs-worker-manager.m1.{CONFIGURATION_HANDLER}": {
            **dlx,
            "x-dead-letter-routing-key": "regards.DLQ",
        },
    }


def test_it_removes_only_the_queues_of_one_manager_with_their_consumer() -> None:
    queues = topology.service_topology("m1").queues
    assert [queue.name for queue in queues if queue.auto_delete] == [
        "regards.worker.manager.heartbeat.m1",
        f"regards.broadcast.rs-worker-manager.m1.{CONFIGURATION_HANDLER}",
    ]


def test_it_gives_a_worker_type_two_queues() -> None:
    dead_letters = {
        "x-dead-letter-exchange": "regards.DLX",
        "x-dead-letter-routing-key": "regards.worker.manager.request.dlq",
    }
    assert arguments(topology.worker_topology("Unzip-Worker")) == {
        "regards.worker.unzip-worker.request": {"x-max-priority": 255, **dead_letters},
        "regards.worker.unzip-worker.task": dead_letters,
    }


def test_it_gives_a_tenant_a_queue_of_session_counters() -> None:
    event = "fr.cnes.regards.framework.modules.session.agent.domain.events.StepPropertyUpdateRequestEvent"
    name = f"regards.unicast.Demo.rs-worker-manager.{event}"
    declared = topology.tenant_topology("Demo")
    assert arguments(declared) == {
        name: {
            "x-max-priority": 255,
            "x-dead-letter-exchange": "regards.DLX",
            "x-dead-letter-routing-key": "regards.DLQ",
        }
    }
    assert [(exchange.name, exchange.type) for exchange in declared.exchanges] == [
        ("regards.unicast", "direct")
    ]
    assert [(b.exchange, b.routing_key, b.queue) for b in declared.bindings] == [
        ("regards.unicast", name, name)
    ]


def test_it_finds_what_belongs_to_a_queue_by_its_name() -> None:
    for declared in (
        topology.tenant_topology("demo"),
        topology.worker_topology("zip"),
        topology.sorted_topology("demo"),
    ):
        names_of = [queue.name for queue in declared.queues]
        found = [topology_of(name) for name in names_of]
        assert [[queue.name for queue in each.queues] for each in found if each] == [
            [name] for name in names_of
        ]
    assert topology_of("regards.unicast.demo") is None


def test_it_routes_dead_lettered_requests_without_a_worker_having_said_so() -> None:
    bindings = {(b.exchange, b.routing_key, b.queue) for b in topology.shared_topology().bindings}
    queue = names.REQUEST_DEAD_LETTERS
    assert {(queue, "", queue), ("regards.DLX", queue, queue)} <= bindings


def test_it_binds_only_what_it_declares() -> None:
    declared = topology.service_topology("m1") + topology.worker_topology("a") + topology.delayed_topology()
    exchanges = {exchange.name for exchange in (declared + topology.sorting_topology()).exchanges}
    assert {b.queue for b in declared.bindings} <= {queue.name for queue in declared.queues}
    assert {b.exchange for b in declared.bindings} <= exchanges


def test_requests_reach_the_queue_of_all_by_one_way_or_the_other() -> None:
    routes = [b for b in topology.shared_topology().bindings if b.queue == topology.REQUEST_QUEUE]
    ways = {
        there: [route.exchange for route in routes if route.applies(there)]
        for there in ((), (topology.SORTED_REQUESTS,))
    }
    assert ways == {
        (): [topology.REQUEST_EXCHANGE],
        (topology.SORTED_REQUESTS,): [topology.UNSORTED_REQUESTS],
    }
    assert topology.conditions(routes) == {topology.SORTED_REQUESTS}


def test_the_queue_of_a_tenants_requests_is_defined_as_that_of_all_but_for_priorities() -> None:
    declared = topology.sorted_topology("Demo")
    assert arguments(declared) == {
        f"{topology.REQUEST_QUEUE}.Demo": topology.requests().arguments | {"x-max-priority": 10}
    }
    (route,) = declared.bindings
    assert (route.exchange, route.headers) == (topology.SORTED_REQUESTS, {"regards.tenant": "Demo"})
    # An operator declares the exchange that sorts; nobody else does.
    assert declared.exchanges == ()


def test_it_keeps_what_a_dead_letter_queue_refuses_in_the_same_queue() -> None:
    kept = {queue.name: queue.dead_letter_key for queue in topology.shared_topology().queues}
    assert kept["regards.DLQ"] == "regards.DLQ"
    assert kept["regards.worker.manager.request.dlq"] == "regards.DLQ"
