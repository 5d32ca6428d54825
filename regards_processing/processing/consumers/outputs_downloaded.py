"""Output files that an order service has fetched."""

from collections.abc import Sequence

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from regards_processing.kernel.rest.services import RS_PROCESSING
from regards_processing.processing.events.outputs_downloaded import OutputsDownloaded
from regards_processing.processing.services.outputs import note_downloads


class OutputsDownloadedConsumer(NotifyingConsumer[OutputsDownloaded]):
    """Reads the queue of `DownloadedOutputFilesEvent`."""

    queue = topology.downloaded_outputs()
    sender = RS_PROCESSING.name

    def decode(self, message: Inbound) -> OutputsDownloaded:
        """Read one event."""
        return OutputsDownloaded.from_wire(headers=message.headers, body=message.body)

    def handle(self, items: Sequence[OutputsDownloaded]) -> list[Refusal]:
        """Note the downloads."""
        note_downloads(downloads=items)
        return []
