"""What processing keeps to itself: an order says which program runs, and who may say so is decided here."""

from typing import Final

from regards_processing.kernel.amqp.topology import PROCESSING_OWNER
from regards_processing.kernel.reservations import Reservation
from regards_processing.processing.execution_order import CONTENT_TYPE, WORKER_TYPE

RESERVATION: Final = Reservation(
    owner=PROCESSING_OWNER,
    content_types=frozenset({CONTENT_TYPE}),
    worker_types=frozenset({WORKER_TYPE}),
    instead="executions are ordered in a batch, and cancelled and tried again at /monitoring/executions",
)
