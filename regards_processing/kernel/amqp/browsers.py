"""The browser that fits the broker."""

from collections.abc import Iterator
from contextlib import contextmanager

from regards_processing.kernel.amqp.browsing import Browser
from regards_processing.kernel.amqp.connection import BrokerAddress, address_from_settings
from regards_processing.kernel.amqp.embedded_browsing import EmbeddedBrowser
from regards_processing.kernel.amqp.rabbitmq_browsing import RabbitBrowser
from regards_processing.kernel.amqp.topology import QueueSpec


@contextmanager
def browsing(queue: QueueSpec, address: BrokerAddress | None = None) -> Iterator[Browser]:
    """Look through a queue of a broker, by default the one that the settings name, while the block lasts.

    Raises:
        BrokerUnavailable: it cannot be reached, or does not let us in.
    """
    address = address or address_from_settings()
    kind = EmbeddedBrowser if address.embedded else RabbitBrowser
    browser: Browser = kind(address=address, queue=queue)
    try:
        yield browser
    finally:
        browser.close()
