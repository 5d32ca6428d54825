"""Look whether what leaves for virtual hosts of tenants gets there."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from regards_processing.kernel.amqp.inspectors import inspecting
from regards_processing.kernel.bridge.services import hosts_from_settings
from regards_processing.kernel.doctor.findings import Finding, failed, ok
from regards_processing.kernel.doctor.topology import queue_findings

_START: Final = """manage.py bridge
If tenants are to have no virtual hosts of their own: manage.py bridge --remove"""


def bridge(_at: datetime) -> Iterator[Finding]:
    """Look whether somebody reads what a bridge has made."""
    joined = 0
    with inspecting() as inspector:
        for host in hosts_from_settings():
            facts = inspector.queue(host.departures)
            if facts is None:
                continue
            joined += 1
            yield from queue_findings(inspector, [host.departures])
            if facts.consumers == 0:
                yield failed(
                    f"{facts.messages} messages wait for the virtual host {host.name}, and no bridge runs",
                    advice=_START,
                    virtual_host=host.name,
                    messages=facts.messages,
                )
    yield ok(
        f"{joined} virtual hosts of tenants are joined" if joined else "All tenants share one virtual host"
    )
