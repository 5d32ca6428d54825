"""Answers of our own workers, of which several may travel in one message."""

from collections.abc import Sequence
from dataclasses import replace

from regards_processing.kernel.amqp.envelope import Inbound
from workers.contract import answer_bulk
from workers.contract.wire import Wire


def answer_parts(message: Inbound) -> Sequence[Inbound]:
    """Return each answer of a bulk as if it had come by itself.

    Raises:
        MalformedMessage: it was not written by our workers.
    """
    content_type = message.properties.get("content_type")
    if content_type != answer_bulk.CONTENT_TYPE:
        return (message,)
    # A part that dies travels alone from then on: it must not look like a bulk when it is replayed.
    alone = {**message.properties, "content_type": "application/json"}
    whole = Wire(headers=dict(message.headers), body=message.body)
    return [
        replace(
            message,
            headers=wire.headers,
            body=wire.body,
            correlation_id=wire.correlation_id,
            properties=alone,
        )
        for wire in answer_bulk.parts(whole, content_type=content_type)
    ]
