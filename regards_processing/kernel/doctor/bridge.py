"""Look whether what leaves for virtual hosts of tenants gets there."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.inspectors import inspecting
from regards_processing.kernel.bridge.hosts import TenantHost
from regards_processing.kernel.bridge.services import hosts_from_settings
from regards_processing.kernel.doctor.findings import Finding, failed, ok
from regards_processing.kernel.doctor.topology import queue_findings
from regards_processing.kernel.doctor.virtual_hosts import made_as

_START: Final = """manage.py bridge
If tenants are to have no virtual hosts of their own: manage.py bridge --remove"""


def bridge(_at: datetime) -> Iterator[Finding]:
    """Look at what a bridge has made, whether it is read, and whether virtual hosts let us in."""
    with inspecting() as inspector:
        looked = ((host, inspector.queue(host.departures)) for host in hosts_from_settings())
        made = [(host, facts) for host, facts in looked if facts is not None]
        if not made:
            yield ok("All tenants share one virtual host")
            return
        yield from queue_findings(inspector, [host.departures for host, _ in made])
    for host, facts in made:
        if facts.consumers == 0:
            yield failed(
                f"{facts.messages} messages wait for the virtual host {host.name}, and no bridge runs",
                advice=_START,
                virtual_host=host.name,
                messages=facts.messages,
            )
    yield from _entered([host for host, _ in made])


def _entered(hosts: list[TenantHost]) -> Iterator[Finding]:
    entered = 0
    for host in hosts:
        address = address_from_settings().at(host.name)
        try:
            with inspecting(address):
                entered += 1
        except BrokerUnavailable as error:
            yield failed(str(error), advice=made_as(address), virtual_host=host.name)
    if entered == len(hosts):
        yield ok(f"{entered} virtual hosts of tenants let us in")
