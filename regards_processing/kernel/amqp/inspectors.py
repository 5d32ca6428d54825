"""The inspector that fits the broker."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from regards_processing.kernel.amqp.connection import BrokerAddress, address_from_settings
from regards_processing.kernel.amqp.embedded_inspection import EmbeddedInspector
from regards_processing.kernel.amqp.inspection import Inspector
from regards_processing.kernel.amqp.management import ManagementApi
from regards_processing.kernel.amqp.rabbitmq_inspection import RabbitInspector


@contextmanager
def inspecting(address: BrokerAddress | None = None) -> Iterator[Inspector]:
    """Look at a broker, by default the one that the settings name, while the block lasts.

    Raises:
        BrokerUnavailable: it cannot be reached, or does not let us in.
    """
    inspector = _inspector(address or address_from_settings())
    try:
        yield inspector
    finally:
        inspector.close()


def virtual_host() -> str:
    """Return the virtual host that the settings name."""
    return address_from_settings().virtual_host


def _inspector(address: BrokerAddress) -> Inspector:
    if address.embedded:
        return EmbeddedInspector(address=address)
    management = None
    if settings.BROKER_MANAGEMENT_URL:
        management = ManagementApi(url=settings.BROKER_MANAGEMENT_URL, virtual_host=address.virtual_host)
    return RabbitInspector(address=address, management=management)
