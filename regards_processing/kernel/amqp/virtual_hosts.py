"""Virtual hosts, made through RabbitMQ's management interface where they are missing."""

import logging
import time
from collections.abc import Sequence
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    instance_address_from_settings,
    open_connection,
)
from regards_processing.kernel.amqp.errors import BrokerUnavailable, VirtualHostMissing
from regards_processing.kernel.amqp.management import ManagementApi, ManagementUnavailable

log = logging.getLogger(__name__)

#: Seconds between two looks whether permissions have come.
_PAUSE: Final = 0.2


class VirtualHosts:
    """Makes virtual hosts that the broker lacks; without a management interface it makes none.

    One that exists stays as it is, with the permissions of its users.
    """

    def __init__(self, *, management_url: str = "", others: Sequence[BrokerAddress] = ()) -> None:
        """Prepare to make them.

        Args:
            management_url: ``http://user:password@host:15672``; empty when there is no such interface.
            others: those that the process does not connect to by itself.
        """
        self._management_url = management_url
        self._others = list(others) if management_url else []
        #: One whose making was cut off may be there without the permissions of its user.
        self._begun: set[BrokerAddress] = set()
        #: Reasons that the log has told.
        self._told: set[tuple[BrokerAddress, str]] = set()

    def create(self, address: BrokerAddress) -> bool:
        """Make a virtual host that the broker does not let us into; return whether it was made.

        The log tells once why not.
        """
        if not self._management_url:
            return False
        api = ManagementApi(url=self._management_url, virtual_host=address.virtual_host)
        try:
            if address not in self._begun and api.exists():
                return False
            self._begun.add(address)
            api.create(user=address.user)
        except ManagementUnavailable as error:
            self._tell(address, str(error))
            return False
        self._begun.remove(address)
        log.info("virtual host created", extra={"action": "broker.virtual_host_created", **_fields(address)})
        return True

    def create_others(self) -> None:
        """Make the other virtual hosts; each is looked for until it was seen."""
        self._others = [address for address in self._others if not self.ensure(address)]

    def ensure(self, address: BrokerAddress, *, patience: float = 0.0) -> bool:
        """Make a virtual host if it is missing; return whether it is there, as far as anybody looked.

        Args:
            patience: seconds to wait for the permissions of one that somebody else is just making.
        """
        if not self._management_url:
            return False
        until = time.monotonic() + patience
        try:
            while not self._lets_us_in(address):
                if self.create(address):
                    return True
                if time.monotonic() >= until:
                    return False
                time.sleep(_PAUSE)
        except BrokerUnavailable:
            # Whoever publishes there says so.
            return False
        return True

    def _lets_us_in(self, address: BrokerAddress) -> bool:
        try:
            open_connection(address=address).release()
        except VirtualHostMissing:
            return False
        return True

    def _tell(self, address: BrokerAddress, reason: str) -> None:
        if (address, reason) in self._told:
            return
        self._told.add((address, reason))
        log.error(
            "virtual host is missing, and is not created: BROKER_MANAGEMENT_URL has to name the interface of "
            "its broker and a user with the tag administrator",
            extra={"action": "broker.virtual_host_not_created", **_fields(address), "reason": reason},
        )


def virtual_hosts_from_settings() -> VirtualHosts:
    """Return what makes the virtual hosts that the settings name."""
    instance = [instance_address_from_settings()] if settings.INSTANCE_BROKER_URL else []
    return VirtualHosts(management_url=settings.BROKER_MANAGEMENT_URL, others=instance)


def _fields(address: BrokerAddress) -> dict[str, str]:
    return {"virtual_host": address.virtual_host, "user": address.user, "broker": str(address)}
