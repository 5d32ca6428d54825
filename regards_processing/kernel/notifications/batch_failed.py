"""What operators of a tenant hear of the messages of one bulk that could not be handled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.failures import Failure, FailureKind
from workers.contract import bodies
from workers.contract import headers as names

_TITLE: Final = "AMQP batch processing failure."
#: The role of REGARDS that is told.
_ROLE: Final = "EXPLOIT"
#: Characters of a reason that are shown; it may quote what was sent.
_REASON_LENGTH: Final = 1_000
#: No character of UTF-8 is longer.
_LONGEST_CHARACTER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFailed:
    """Messages of one bulk and one tenant could not be handled."""

    tenant: str
    #: The service that read them.
    sender: str
    queue: str
    #: At least one.
    failures: Sequence[Failure]
    #: Most characters of the first body that are shown.
    excerpt: int
    #: The messages name no tenant: the virtual host of the instance hears of them.
    for_instance: bool = False

    def to_message(self) -> Outbound:
        """Write the event."""
        notification = {
            "message": self.text,
            "title": _TITLE,
            "level": "ERROR",
            "sender": self.sender,
            "roleRecipients": [_ROLE],
            "projectUserRecipients": [],
            "mimeType": "text/plain",
        }
        headers = {
            names.TENANT: self.tenant,
            names.CONVERTER: topology.CONVERTER,
            names.TYPE: topology.NOTIFICATION_EVENT,
        }
        body = bodies.dump_object({"notification": notification})
        return Outbound(
            exchange=topology.NOTIFICATION_EXCHANGE,
            headers=headers,
            body=body,
            for_instance=self.for_instance,
        )

    @property
    def text(self) -> str:
        """What people read."""
        first = self.failures[0]
        counts = Counter(failure.kind for failure in self.failures)
        body = first.message.body
        # Only the start is decoded: a body may have megabytes.
        start = body[: self.excerpt * _LONGEST_CHARACTER].decode(errors="replace")[: self.excerpt]
        return "\n".join(
            (
                f"Errors in {self.queue}: {len(self.failures)}",
                *(f"{kind}: {counts[kind]}" for kind in FailureKind if counts[kind]),
                f"First reason: {first.reason[:_REASON_LENGTH]}",
                f"First body, of {len(body)} bytes: {start}",
            )
        )
