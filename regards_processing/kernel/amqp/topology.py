"""Every exchange, queue and binding of the platform, with the arguments of the contract.

Names come only from here and from ``workers.contract.names``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from workers.contract import headers, names

_EVENTS: Final = "fr.cnes.regards.modules.workermanager.amqp.events"
_SESSION_EVENTS: Final = "fr.cnes.regards.framework.modules.session.commons.domain.events"
#: Class names that Java consumers expect in the header ``regards.type``.
REQUEST_EVENT: Final = f"{_EVENTS}.in.RequestEvent"
RESPONSE_EVENT: Final = f"{_EVENTS}.out.ResponseEvent"
CONFIGURATION_EVENT: Final = f"{_EVENTS}.internal.WorkerConfUpdatedEvent"
NOTIFICATION_EVENT: Final = "fr.cnes.regards.framework.amqp.event.notification.NotificationEvent"
SESSION_STEP_EVENT: Final = f"{_SESSION_EVENTS}.SessionStepEvent"
_PROCESSING_EVENTS: Final = "fr.cnes.regards.modules.processing.domain.events"
EXECUTION_REQUEST_EVENT: Final = f"{_PROCESSING_EVENTS}.PExecutionRequestEvent"
EXECUTION_RESULT_EVENT: Final = f"{_PROCESSING_EVENTS}.PExecutionResultEvent"
DOWNLOADED_EVENT: Final = f"{_PROCESSING_EVENTS}.DownloadedOutputFilesEvent"
RIGHTS_EVENT: Final = "fr.cnes.regards.modules.processing.event.RightsPluginConfigurationEvent"
_PLUGIN_EVENTS: Final = "fr.cnes.regards.framework.modules.plugins.domain.event"
PLUGIN_EVENT: Final = f"{_PLUGIN_EVENTS}.PluginConfEvent"
BROADCAST_PLUGIN_EVENT: Final = f"{_PLUGIN_EVENTS}.BroadcastPluginConfEvent"
PLUGIN_CACHE_EVENT: Final = f"{_PLUGIN_EVENTS}.PluginConfClearCacheEvent"
SESSION_DELETE_EVENT: Final = f"{_SESSION_EVENTS}.SessionDeleteEvent"
SOURCE_DELETE_EVENT: Final = f"{_SESSION_EVENTS}.SourceDeleteEvent"
SESSION_COUNT_EVENT: Final = (
    "fr.cnes.regards.framework.modules.session.agent.domain.events.StepPropertyUpdateRequestEvent"
)
_TENANT_EVENTS: Final = "fr.cnes.regards.framework.amqp.event.tenant"
#: Value of the header ``regards.converter`` on events.
CONVERTER: Final = "GSON"

REQUEST_EXCHANGE: Final = f"regards.broadcast.{REQUEST_EVENT}"
RESPONSE_EVENT_EXCHANGE: Final = f"regards.broadcast.{RESPONSE_EVENT}"
NOTIFICATION_EXCHANGE: Final = f"regards.broadcast.{NOTIFICATION_EVENT}"
SESSION_STEP_EXCHANGE: Final = f"regards.broadcast.{SESSION_STEP_EVENT}"
EXECUTION_REQUEST_EXCHANGE: Final = f"regards.broadcast.{EXECUTION_REQUEST_EVENT}"
EXECUTION_RESULT_EXCHANGE: Final = f"regards.broadcast.{EXECUTION_RESULT_EVENT}"
DOWNLOADED_EXCHANGE: Final = f"regards.broadcast.{DOWNLOADED_EVENT}"
#: Ours: the owner of the requests that are executions, and where the engine answers them.
PROCESSING_OWNER: Final = "rs-processing"
EXECUTION_ANSWERS: Final = "regards.processing.execution.answer"
#: Ours: executions and batches that somebody does not want any more.
EXECUTION_CANCELLATIONS: Final = "regards.processing.execution.cancel"
RIGHTS_EXCHANGE: Final = f"regards.broadcast.{RIGHTS_EVENT}"
PLUGIN_EXCHANGE: Final = f"regards.broadcast.{PLUGIN_EVENT}"
SESSION_DELETE_EXCHANGE: Final = f"regards.broadcast.{SESSION_DELETE_EVENT}"
SOURCE_DELETE_EXCHANGE: Final = f"regards.broadcast.{SOURCE_DELETE_EVENT}"
#: In the virtual host of the instance.
TENANT_CREATED_EXCHANGE: Final = f"regards.broadcast.{_TENANT_EVENTS}.TenantCreatedEvent"
TENANT_DELETED_EXCHANGE: Final = f"regards.broadcast.{_TENANT_EVENTS}.TenantDeletedEvent"
#: Ours: sorts by tenant what leaves for virtual hosts of tenants (`kernel.bridge`).
BRIDGE_EXCHANGE: Final = "regards.bridge"
_DEPARTURES: Final = f"{BRIDGE_EXCHANGE}."
RETRY_EXCHANGE: Final = "regards.retry"
#: Ours: sorts requests by tenant where tenants have queues of their own (`request_queues`), and where the
#: requests go on to that are of no such tenant. The first one is there as long as requests are sorted.
SORTED_REQUESTS: Final = "regards.worker.manager.request.sorted"
UNSORTED_REQUESTS: Final = "regards.worker.manager.request.unsorted"
#: Most requests of a tenant that are taken in together: what the next one of another tenant waits for.
_BULK_OF_TENANT: Final = 40
#: The broker looks through all levels for each message; a client's higher priorities count as this one there.
_PRIORITIES_OF_TENANT: Final = 10
#: Where services of REGARDS send work to themselves, to a queue for each tenant.
UNICAST_EXCHANGE: Final = "regards.unicast"

#: Queues of handlers of this type of service, whatever the instance.
_OF_SERVICE: Final = "regards.broadcast.rs-worker-manager"
_DELETIONS: Final = f"{_OF_SERVICE}.fr.cnes.regards.framework.modules.session.commons.service.delete"
CONFIGURATION_EXCHANGE: Final = f"{_OF_SERVICE}.{CONFIGURATION_EVENT}"
REQUEST_QUEUE: Final = f"{_OF_SERVICE}.fr.cnes.regards.modules.workermanager.service.flow.RequestHandler"
RESPONSE_QUEUE: Final = names.RESPONSE_EXCHANGE
RESPONSE_DEAD_LETTERS: Final = names.ANSWER_DEAD_LETTERS
_PROCESSING_HANDLERS: Final = (
    "regards.broadcast.rs-processing.fr.cnes.regards.modules.processing.service.handlers"
)
#: Queue and key of everything that has no dead-letter queue of its own.
DEAD_LETTERS: Final = "regards.DLQ"
#: Ten minutes: longer than a restart of the broker takes.
_CLIENT_QUEUE_EXPIRY: Final = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSpec:
    """A durable exchange."""

    name: str
    #: ``fanout``, ``topic``, ``direct`` or the type of a plug-in.
    type: str
    arguments: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSpec:
    """A durable queue that several processes may consume."""

    name: str
    #: Removed by the broker when its last consumer leaves.
    auto_delete: bool = False
    #: ``None`` on our own queues: priorities cost the broker several times as much as the message itself.
    max_priority: int | None = names.MAX_PRIORITY
    #: Whether the broker itself dead-letters what is rejected (with ``dead_letter_key``).
    dead_lettered_by_broker: bool = True
    #: Key on ``regards.DLX`` of what this queue's consumer refuses.
    dead_letter_key: str = DEAD_LETTERS
    #: Removed by the broker when nobody has used it for this long, in milliseconds.
    expires_after: int | None = None
    #: Whether one consumer at a time gets its messages, all in their order; the others stand by.
    one_consumer_at_a_time: bool = False
    #: Most messages of a bulk, where others must not wait for long; ``None`` for as many as the reader takes.
    bulk: int | None = None

    @property
    def arguments(self) -> dict[str, str | int]:
        """Return the arguments of the declaration, exactly as the contract has them."""
        arguments: dict[str, str | int] = {}
        if self.max_priority is not None:
            arguments["x-max-priority"] = self.max_priority
        if self.dead_lettered_by_broker:
            arguments["x-dead-letter-exchange"] = names.DEAD_LETTER_EXCHANGE
            arguments["x-dead-letter-routing-key"] = self.dead_letter_key
        if self.expires_after is not None:
            arguments["x-expires"] = self.expires_after
        if self.one_consumer_at_a_time:
            arguments["x-single-active-consumer"] = True
        return arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSpec:
    """A route from an exchange to a queue."""

    queue: str
    exchange: str
    routing_key: str = ""
    #: What a message must have, for an exchange of type ``headers``.
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    #: An exchange that stands in for this route where it exists, or one without which it is none.
    unless: str = field(default="", compare=False)
    when: str = field(default="", compare=False)

    def applies(self, there: Collection[str]) -> bool:
        """Return whether the route is one, with these exchanges of its conditions."""
        return self.unless not in there and (not self.when or self.when in there)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What is declared together, in this order: exchanges, queues, bindings, links."""

    exchanges: tuple[ExchangeSpec, ...] = ()
    queues: tuple[QueueSpec, ...] = ()
    bindings: tuple[BindingSpec, ...] = ()
    #: Routes from an exchange to another one, by their names; the embedded broker has none.
    links: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: Self) -> "Topology":
        return Topology(
            exchanges=self.exchanges + other.exchanges,
            queues=self.queues + other.queues,
            bindings=self.bindings + other.bindings,
            links=self.links + other.links,
        )


def conditions(bindings: Iterable[BindingSpec]) -> set[str]:
    """Return the names of the exchanges on which it depends whether these routes are any."""
    return {name for each in bindings for name in (each.unless, each.when) if name}


def requests() -> QueueSpec:
    """Return the queue of client requests (Q1)."""
    return QueueSpec(name=REQUEST_QUEUE)


def is_possible(queue: QueueSpec) -> bool:
    """Return whether a queue can be called so: AMQP limits names, and tenants have long ones."""
    return len(queue.name.encode()) <= names.LONGEST_NAME


def own_request_queues(tenants: Iterable[str]) -> list[QueueSpec]:
    """Return the queues of tenants' requests; whoever can have none has them in the queue of all."""
    return [queue for queue in map(requests_of, tenants) if is_possible(queue)]


def requests_of(tenant: str) -> QueueSpec:
    """Return the queue of the requests of one tenant, where tenants have queues of their own."""
    return QueueSpec(
        name=f"{REQUEST_QUEUE}.{tenant}", max_priority=_PRIORITIES_OF_TENANT, bulk=_BULK_OF_TENANT
    )


def answers() -> QueueSpec:
    """Return the queue of worker answers (Q2)."""
    return QueueSpec(name=RESPONSE_QUEUE, dead_letter_key=RESPONSE_DEAD_LETTERS)


def fenced_answers() -> QueueSpec:
    """Return the queue of our own workers' answers to fenced dispatches."""
    return QueueSpec(name=names.FENCED_ANSWERS, max_priority=None, dead_letter_key=RESPONSE_DEAD_LETTERS)


def request_dead_letters() -> QueueSpec:
    """Return the queue of requests that no worker could handle (Q4).

    It has no dead-letter arguments on purpose: workers declare the same queue without them.
    """
    return QueueSpec(name=names.REQUEST_DEAD_LETTERS, dead_lettered_by_broker=False)


def session_deletions() -> QueueSpec:
    """Return the queue of deletions of sessions (Q10)."""
    return QueueSpec(name=f"{_DELETIONS}.SessionDeleteEventHandler")


def source_deletions() -> QueueSpec:
    """Return the queue of deletions of sources (Q11)."""
    return QueueSpec(name=f"{_DELETIONS}.SourceDeleteEventHandler")


def session_counts(tenant: str) -> QueueSpec:
    """Return the queue of what managers of the reference count for the sessions of a tenant (Q9)."""
    return QueueSpec(name=f"{UNICAST_EXCHANGE}.{tenant}.rs-worker-manager.{SESSION_COUNT_EVENT}")


def execution_requests() -> QueueSpec:
    """Return the queue of orders of executions."""
    return QueueSpec(name=f"{_PROCESSING_HANDLERS}.ExecutionRequestEventHandler")


def downloaded_outputs() -> QueueSpec:
    """Return the queue of output files that have been fetched."""
    return QueueSpec(name=f"{_PROCESSING_HANDLERS}.DownloadedOutputFileEventHandler")


def execution_answers() -> QueueSpec:
    """Return the queue of the engine's responses to processing."""
    return QueueSpec(name=EXECUTION_ANSWERS, max_priority=None)


def execution_cancellations() -> QueueSpec:
    """Return the queue of executions and batches that are to be cancelled."""
    return QueueSpec(name=EXECUTION_CANCELLATIONS, max_priority=None)


def response_exchange(owner: str | None) -> str:
    """Return where the engine's responses to a client go."""
    return EXECUTION_ANSWERS if owner == PROCESSING_OWNER else RESPONSE_EVENT_EXCHANGE


def broadcast_plugin_exchange(service: str) -> str:
    """Return where all instances of a service hear of changes of its plugin configurations."""
    return f"regards.broadcast.{service}.{BROADCAST_PLUGIN_EVENT}"


def plugin_cache_exchange(service: str) -> str:
    """Return where all instances of a service hear that live plugins are to be dropped."""
    return f"regards.broadcast.{service}.{PLUGIN_CACHE_EVENT}"


def dead_letter_queues() -> tuple[QueueSpec, ...]:
    """Return the queues whose messages wait for an operator (Q8 and Q3); nothing consumes them."""
    return (_dead_letter_queue(DEAD_LETTERS), _dead_letter_queue(RESPONSE_DEAD_LETTERS))


def heartbeats(instance_id: str) -> QueueSpec:
    """Return the queue of heartbeats of one manager instance (Q5)."""
    return QueueSpec(name=f"{names.HEARTBEAT_EXCHANGE}.{instance_id}", auto_delete=True)


def configuration_updates(instance_id: str) -> QueueSpec:
    """Return the queue of configuration changes of one manager instance (Q6)."""
    handler = "fr.cnes.regards.modules.workermanager.service.cache.confupdated.WorkerConfUpdatedEventHandler"
    return QueueSpec(name=f"{_OF_SERVICE}.{instance_id}.{handler}", auto_delete=True)


def shared_topology() -> Topology:
    """Return what every process that publishes needs: all but the queue of one instance."""
    dead_letters = names.DEAD_LETTER_EXCHANGE
    engine = Topology(
        exchanges=(
            ExchangeSpec(name=dead_letters, type="topic"),
            ExchangeSpec(name=REQUEST_EXCHANGE, type="fanout"),
            ExchangeSpec(name=RESPONSE_EVENT_EXCHANGE, type="fanout"),
            ExchangeSpec(name=names.HEARTBEAT_EXCHANGE, type="topic"),
            ExchangeSpec(name=names.RESPONSE_EXCHANGE, type="topic"),
            ExchangeSpec(name=names.FENCED_ANSWERS, type="fanout"),
            ExchangeSpec(name=names.CANCELLATIONS, type="fanout"),
            ExchangeSpec(name=names.REQUEST_DEAD_LETTERS, type="fanout"),
            ExchangeSpec(name=NOTIFICATION_EXCHANGE, type="fanout"),
            ExchangeSpec(name=CONFIGURATION_EXCHANGE, type="fanout"),
            ExchangeSpec(name=SESSION_STEP_EXCHANGE, type="fanout"),
            ExchangeSpec(name=SESSION_DELETE_EXCHANGE, type="fanout"),
            ExchangeSpec(name=SOURCE_DELETE_EXCHANGE, type="fanout"),
            ExchangeSpec(name=UNICAST_EXCHANGE, type="direct"),
        ),
        queues=(
            _dead_letter_queue(DEAD_LETTERS),
            requests(),
            answers(),
            fenced_answers(),
            _dead_letter_queue(RESPONSE_DEAD_LETTERS),
            request_dead_letters(),
            session_deletions(),
            source_deletions(),
        ),
        bindings=(
            BindingSpec(queue=DEAD_LETTERS, exchange=dead_letters, routing_key=DEAD_LETTERS),
            BindingSpec(queue=REQUEST_QUEUE, exchange=REQUEST_EXCHANGE, unless=SORTED_REQUESTS),
            BindingSpec(queue=REQUEST_QUEUE, exchange=UNSORTED_REQUESTS, when=SORTED_REQUESTS),
            BindingSpec(queue=RESPONSE_QUEUE, exchange=names.RESPONSE_EXCHANGE, routing_key="#"),
            BindingSpec(queue=names.FENCED_ANSWERS, exchange=names.FENCED_ANSWERS),
            BindingSpec(
                queue=RESPONSE_DEAD_LETTERS, exchange=dead_letters, routing_key=RESPONSE_DEAD_LETTERS
            ),
            BindingSpec(queue=names.REQUEST_DEAD_LETTERS, exchange=names.REQUEST_DEAD_LETTERS),
            BindingSpec(queue=session_deletions().name, exchange=SESSION_DELETE_EXCHANGE),
            BindingSpec(queue=source_deletions().name, exchange=SOURCE_DELETE_EXCHANGE),
            # The reference leaves this one to its workers; without it dead-lettered requests vanish.
            BindingSpec(
                queue=names.REQUEST_DEAD_LETTERS,
                exchange=dead_letters,
                routing_key=names.REQUEST_DEAD_LETTERS,
            ),
        ),
    )
    return engine + _of_processing()


def _of_processing() -> Topology:
    exchanges = (
        RIGHTS_EXCHANGE,
        EXECUTION_REQUEST_EXCHANGE,
        EXECUTION_RESULT_EXCHANGE,
        DOWNLOADED_EXCHANGE,
        EXECUTION_ANSWERS,
        EXECUTION_CANCELLATIONS,
        PLUGIN_EXCHANGE,
        *plugin_exchanges(),
    )
    queues = {
        EXECUTION_REQUEST_EXCHANGE: execution_requests(),
        DOWNLOADED_EXCHANGE: downloaded_outputs(),
        EXECUTION_ANSWERS: execution_answers(),
        EXECUTION_CANCELLATIONS: execution_cancellations(),
    }
    return Topology(
        exchanges=tuple(ExchangeSpec(name=name, type="fanout") for name in exchanges),
        queues=tuple(queues.values()),
        bindings=tuple(
            BindingSpec(queue=queue.name, exchange=exchange) for exchange, queue in queues.items()
        ),
    )


def service_topology(instance_id: str) -> Topology:
    """Return what a manager declares at start: the shared part and two queues of its own."""
    beats, updates = heartbeats(instance_id), configuration_updates(instance_id)
    return shared_topology() + Topology(
        queues=(beats, updates),
        bindings=(
            BindingSpec(queue=beats.name, exchange=names.HEARTBEAT_EXCHANGE, routing_key="#"),
            BindingSpec(queue=updates.name, exchange=CONFIGURATION_EXCHANGE),
        ),
    )


def tenant_topology(tenant: str) -> Topology:
    """Return the queue that a manager reads for one tenant, and its route."""
    counts = session_counts(tenant)
    return Topology(
        exchanges=(ExchangeSpec(name=UNICAST_EXCHANGE, type="direct"),),
        queues=(counts,),
        bindings=(BindingSpec(queue=counts.name, exchange=UNICAST_EXCHANGE, routing_key=counts.name),),
    )


def sorting_topology() -> Topology:
    """Return what sorts requests by tenant, and what the others go on to; the routes are made apart."""
    unsorted = ExchangeSpec(name=UNSORTED_REQUESTS, type="fanout")
    passed_on = {"alternate-exchange": unsorted.name}
    return Topology(
        exchanges=(unsorted, ExchangeSpec(name=SORTED_REQUESTS, type="headers", arguments=passed_on))
    )


def sorted_topology(tenant: str) -> Topology:
    """Return the queue of one tenant's requests, and its route."""
    own = requests_of(tenant)
    route = BindingSpec(queue=own.name, exchange=SORTED_REQUESTS, headers={headers.TENANT: tenant})
    return Topology(queues=(own,), bindings=(route,))


def instance_topology() -> Topology:
    """Return what is declared in the virtual host of the instance by those who publish there."""
    return Topology(exchanges=(ExchangeSpec(name=NOTIFICATION_EXCHANGE, type="fanout"),))


def tenants_topology() -> Topology:
    """Return what managers declare there, to hear of tenants."""
    queue, exchanges = told_tenants(), (TENANT_CREATED_EXCHANGE, TENANT_DELETED_EXCHANGE)
    return Topology(
        exchanges=tuple(ExchangeSpec(name=name, type="fanout") for name in exchanges),
        queues=(queue,),
        bindings=tuple(BindingSpec(queue=queue.name, exchange=name) for name in exchanges),
    )


def told_tenants() -> QueueSpec:
    """Return the queue of tenants that come and go, in the order they do."""
    return QueueSpec(name="regards.worker.manager.tenant", max_priority=None, dead_lettered_by_broker=False)


def departures(virtual_host: str) -> QueueSpec:
    """Return the queue of what waits to be passed on to the virtual host of a tenant, in order."""
    return QueueSpec(name=f"{_DEPARTURES}{virtual_host}", max_priority=None, one_consumer_at_a_time=True)


def is_of_departures(queue: str) -> bool:
    """Return whether messages wait in a queue of this name to be passed on, or to be moved to such a one."""
    return queue.startswith(_DEPARTURES)


def refused_arrivals(virtual_host: str, queue: QueueSpec) -> QueueSpec:
    """Return where dead letters say that they died which a bridge refuses: nobody declares it, on purpose.

    A replay finds no such queue, and leaves them where they are.
    """
    return replace(queue, name=f"regards.refused.{virtual_host}")


def bridged_heartbeats() -> QueueSpec:
    """Return the queue of heartbeats in the virtual host of a tenant; one is enough for all bridges."""
    return QueueSpec(name=f"{BRIDGE_EXCHANGE}.heartbeat", auto_delete=True)


def client_topology(client_id: str, *, exchanges: Sequence[str]) -> Topology:
    """Return what a client declares to listen: the shared part and, last, a queue bound to these exchanges.

    The queue outlives a lost connection, so that nothing is missed, but not a dead client.
    """
    own = QueueSpec(
        name=f"regards.client.{client_id}", dead_lettered_by_broker=False, expires_after=_CLIENT_QUEUE_EXPIRY
    )
    key = names.WORKER_ROUTING_KEY
    bindings = (BindingSpec(queue=own.name, exchange=exchange, routing_key=key) for exchange in exchanges)
    return shared_topology() + Topology(queues=(own,), bindings=tuple(bindings))


def delayed_topology() -> Topology:
    """Return the delayed re-delivery of answers; only brokers with the delayed-message plug-in take it."""
    return Topology(
        exchanges=(
            ExchangeSpec(
                name=RETRY_EXCHANGE,
                type="x-delayed-message",
                arguments={"x-delayed-type": "direct"},
            ),
        ),
        bindings=(BindingSpec(queue=RESPONSE_QUEUE, exchange=RETRY_EXCHANGE, routing_key=RESPONSE_QUEUE),),
    )


def worker_topology(worker_type: str) -> Topology:
    """Return the exchange and the two queues of a worker type: raw requests and Celery task messages."""
    request = names.request_queue(worker_type)
    return Topology(
        exchanges=(ExchangeSpec(name=request, type="topic"),),
        queues=(
            QueueSpec(name=request, dead_letter_key=names.REQUEST_DEAD_LETTERS),
            QueueSpec(
                name=names.task_queue(worker_type),
                max_priority=None,
                dead_letter_key=names.REQUEST_DEAD_LETTERS,
            ),
        ),
        bindings=(BindingSpec(queue=request, exchange=request, routing_key=names.WORKER_ROUTING_KEY),),
    )


def plugin_exchanges() -> list[str]:
    """Return the exchanges of plugin events among the instances of one service."""
    return [
        name
        for service in ("rs-processing", "rs-worker-manager")
        for name in (broadcast_plugin_exchange(service), plugin_cache_exchange(service))
    ]


def _dead_letter_queue(name: str) -> QueueSpec:
    return QueueSpec(name=name, dead_lettered_by_broker=False, dead_letter_key=name)
