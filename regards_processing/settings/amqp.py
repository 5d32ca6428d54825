"""The broker, and how messages are taken from it."""

import socket

from regards_processing.settings import env, places
from workers.transport.addresses import BROKER_SCHEMES

BROKER_URL = places.BROKER_URL
#: The virtual host of the instance, where notices go that concern no tenant; without it, the one above.
INSTANCE_BROKER_URL = env.address("INSTANCE_BROKER_URL", schemes=BROKER_SCHEMES)
#: What the names of tenants' virtual hosts begin with, where tenants have some (`manage.py bridge`).
BROKER_NAMESPACE = env.text("BROKER_NAMESPACE", "regards")
#: Address of RabbitMQ's management interface: managers make missing virtual hosts there, and
#: `manage.py doctor` asks it for what AMQP does not tell.
BROKER_MANAGEMENT_URL = env.address("BROKER_MANAGEMENT_URL", schemes=("http", "https"))
#: What RabbitMQ's ``consumer_timeout`` is set to, in seconds, 0 when it is off: no interface tells it.
BROKER_CONSUMER_TIMEOUT = env.integer("BROKER_CONSUMER_TIMEOUT_SECONDS", 1800, minimum=0)
#: Folder of the embedded broker; used when there is no ``BROKER_URL``.
BROKER_FOLDER = places.VAR / "broker"
#: Name of this manager in the names of its own queues. Managers on one machine need one each on a real
#: broker; the embedded broker cannot remove the queues of a dead manager, so there they share one.
AMQP_INSTANCE_ID = env.text(
    "AMQP_INSTANCE_ID",
    f"{socket.gethostname()}-{places.generated_instance()}" if BROKER_URL else "embedded",
)
#: ``app_id`` of published messages.
AMQP_APP_ID = env.text("AMQP_APP_ID", "REGARDS")
#: Most messages of one bulk.
BULK_SIZE = env.integer("BULK_SIZE", 1000, minimum=1, maximum=10_000)
#: Most bytes of one bulk, of the bodies and stored contents that are read for it, and of one entry of the
#: outbox: what bounds memory when bodies are big.
BULK_MAX_BYTES = env.integer("BULK_MAX_BYTES", 32 * 1024**2, minimum=1024)
#: Largest accepted body of one message, in bytes.
MESSAGE_MAX_BYTES = env.integer("MESSAGE_MAX_BYTES", 16 * 1024**2, minimum=1024)
#: Most characters of the body of a message that operators are shown when it cannot be handled.
NOTIFICATION_EXCERPT = env.integer("NOTIFICATION_EXCERPT", 1000, minimum=0, maximum=10_000)

#: What a manager consumes: functions that return consumers, in the order their bulks are handled.
CONSUMERS = (
    "worker_manager.consumers.consumers",
    "regards_processing.processing.consumers.consumers",
)
#: The same in the virtual host of the instance, where there is one.
INSTANCE_CONSUMERS = ("regards_processing.kernel.tenancy.consumers.consumers",)
#: The same for each tenant, active or not, whose queues come and go.
TENANT_CONSUMERS = ("worker_manager.consumers.consumers_of_tenant",)
#: What gives the worker types that tenants have configured: a bridge follows no others.
CONFIGURED_WORKER_TYPES = "worker_manager.queries.configured_worker_types"
