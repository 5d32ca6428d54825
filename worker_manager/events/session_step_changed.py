"""What the session dashboard of REGARDS hears of our step in a session: `SessionStepEvent`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from worker_manager.session_counters import STEP_ID
from workers.contract import bodies
from workers.contract import headers as names

#: Kind of the step and of its counters, the same for every request.
STEP_TYPE: Final = "ACQUISITION"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStepChanged:
    """Our step in a session as it is now, in full."""

    tenant: str
    source: str
    session: str
    input_related: int
    output_related: int
    errors: int
    waiting: int
    running: int
    #: Requests by counter.
    properties: Mapping[str, int]
    #: Date of the last change; readers keep the newest of two that come in the wrong order.
    last_update_at: datetime

    def to_message(self) -> Outbound:
        """Write the event."""
        step = {
            "stepId": STEP_ID,
            "source": self.source,
            "session": self.session,
            "type": STEP_TYPE,
            "inputRelated": self.input_related,
            "outputRelated": self.output_related,
            "state": {"errors": self.errors, "waiting": self.waiting, "running": self.running},
            "properties": {name: str(count) for name, count in sorted(self.properties.items())},
            "lastUpdateDate": bodies.format_date(self.last_update_at),
        }
        headers = {
            names.TENANT: self.tenant,
            names.CONVERTER: topology.CONVERTER,
            names.TYPE: topology.SESSION_STEP_EVENT,
        }
        body = bodies.dump_object({"sessionStep": step})
        return Outbound(exchange=topology.SESSION_STEP_EXCHANGE, headers=headers, body=body)
