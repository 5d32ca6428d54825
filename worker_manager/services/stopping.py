"""Tell fleets that nobody awaits their answer any more, so that they stop early."""

from collections.abc import Sequence

from regards_processing.kernel.amqp.envelope import Outbound
from workers.contract import names
from workers.contract.cancellation import Cancellation


def messages(*, dispatch_ids: Sequence[str]) -> list[Outbound]:
    """Return what every fleet is told: one message, however many dispatches it names; none about nothing.

    Whoever is not there does not hear it: what it still does is dropped by the fence.
    """
    if not dispatch_ids:
        return []
    wire = Cancellation(dispatch_ids=tuple(dispatch_ids)).to_wire()
    return [Outbound(exchange=names.CANCELLATIONS, headers=wire.headers, body=wire.body)]
