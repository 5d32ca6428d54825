"""Copies of messages that could not be handled, with the reason.

Note: a dead letter always finds its place.
    What died may hold what nobody can write again: bulks of answers and files of the embedded broker know no
    limits, and what we add makes a message longer. A message that has no dead letter is never acknowledged,
    and would end one manager after the other. So a copy leaves out what AMQP cannot write, and says so; one
    that the broker refuses all the same is sent again with little beside its body.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from regards_processing.kernel import correlation
from regards_processing.kernel.amqp.copies import copied
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.errors import MessagesRefused, PublishNotConfirmed
from regards_processing.kernel.amqp.publisher import MessagePublisher
from regards_processing.kernel.amqp.topology import QueueSpec
from workers.contract import headers as header
from workers.contract import names
from workers.transport.frames import Unencodable, header_size

log = logging.getLogger(__name__)

#: Characters of a traceback that are kept, the last ones; and of a reason, the first ones. Headers must fit
#: in one frame, which is 128 KiB on an unchanged RabbitMQ.
_TRACEBACK_LENGTH: Final = 8_000
_REASON_LENGTH: Final = 1_000
#: Bytes of the original headers up to which they are kept, and of one that is kept where they are too long.
_HEADERS_SIZE: Final = 64_000
_HEADER_SIZE: Final = 1_000
#: How many original headers were left out, and how many bytes of the body.
DROPPED_HEADERS: Final = "x-dropped-headers"
DROPPED_BODY: Final = "x-dropped-body"
#: Headers that are named as left out, and characters of a name and of what is wrong with it.
_NAMED: Final = 3
_NAME_LENGTH: Final = 60
_WHY_LENGTH: Final = 120
#: Bytes of what is left beside the body where that is little: with it, the smallest frame is large enough.
_FEW_HEADERS_SIZE: Final = 1_000
_SHORT_TEXT_SIZE: Final = 400
#: Bytes of a body that no broker takes amiss.
_MODEST_BODY: Final = 1024**2
#: What tells whose a dispatch is.
_OF_A_DISPATCH: Final = (
    header.TENANT,
    header.REQUEST_ID,
    header.OWNER,
    header.SESSION,
    header.CONTENT_TYPE,
    header.TRACE_PARENT,
    correlation.HEADER,
)
#: What a dead letter needs to find the way back.
_WAY_BACK: Final = (header.ORIGINAL_EXCHANGE, header.ORIGINAL_ROUTING_KEY, header.DEATH_QUEUE)


def dead_letter(message: Inbound, *, queue: QueueSpec, reason: str, stacktrace: str) -> Outbound:
    """Return the copy of a message for the dead-letter queue of its queue, with all it came with.

    Headers that AMQP cannot write are left out, as are most where they are too long together; the reason
    names them.
    """
    kept, left_out = _kept(message.headers)
    return copied(
        message,
        exchange=names.DEAD_LETTER_EXCHANGE,
        routing_key=queue.dead_letter_key,
        dated=True,
        headers=kept
        | {
            header.STACKTRACE: stacktrace[-_TRACEBACK_LENGTH:],
            header.EXCEPTION_MESSAGE: reason[:_REASON_LENGTH] + _named(left_out),
            header.ORIGINAL_EXCHANGE: message.exchange,
            header.ORIGINAL_ROUTING_KEY: message.routing_key,
            header.DEATH_QUEUE: queue.name,
        },
    )


def dead_dispatch(message: Outbound, *, reason: str) -> Outbound:
    """Return the dead letter of a dispatch that the broker can never take, as if a worker's queue had had it.

    It ends the attempt. Without additional headers and content: they may be what is too large.
    """
    told = {name: message.headers[name] for name in _OF_A_DISPATCH if name in message.headers}
    return Outbound(
        exchange=names.REQUEST_DEAD_LETTERS,
        headers=told
        | {header.STACKTRACE: f"The broker can never take this dispatch: {reason[:_REASON_LENGTH]}"},
        body=b"{}",
        message_id=message.message_id,
        must_route=True,
    )


def publish_dead_letters(copies: Sequence[Outbound], *, publisher: MessagePublisher) -> None:
    """Publish dead letters; return when the broker has them all, each of them whole or reduced.

    Raises:
        BrokerUnavailable: the broker is away, or has no place for dead letters; nothing may be acknowledged.
    """
    for reduce in (_with_little, _without_body):
        refused = _refused(publisher, copies)
        if not refused:
            return
        log.error(
            "dead letters are refused by the broker, and kept without what it refuses",
            extra={
                "action": "dead_letters.reduced",
                "messages": len(refused),
                "queues": sorted({str(copies[at].headers[header.DEATH_QUEUE]) for at in refused}),
                "message_ids": [copies[at].message_id for at in refused],
                "request_ids": [_request_id(copies[at]) for at in refused],
                "reasons": list(refused.values()),
            },
        )
        copies = [reduce(copies[at], why) for at, why in refused.items()]
    refused = _refused(publisher, copies)
    if refused:
        raise PublishNotConfirmed(
            f"{len(refused)} dead letters have no place: {next(iter(refused.values()))}"
        )


def _kept(headers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the headers that a copy keeps, and what is wrong with the others."""
    sizes: dict[str, int] = {}
    left_out: dict[str, str] = {}
    for name, value in headers.items():
        try:
            sizes[name] = header_size(name, value)
        except Unencodable as error:
            left_out[name] = str(error)
    if sum(sizes.values()) > _HEADERS_SIZE:
        few = _few(headers, sizes, room=_HEADERS_SIZE)
        left_out |= {name: f"no room for {size} bytes" for name, size in sizes.items() if name not in few}
    kept = {name: value for name, value in headers.items() if name not in left_out}
    return (kept | {DROPPED_HEADERS: len(left_out)} if left_out else kept), left_out


def _few(headers: Mapping[str, Any], sizes: Mapping[str, int], *, room: int) -> list[str]:
    """Return the headers of the contract, as far as they are short texts and there is room for them."""
    few = []
    for name, size in sizes.items():
        ours = name.startswith(header.RESERVED_PREFIX) and isinstance(headers[name], str)
        if ours and size <= min(room, _HEADER_SIZE):
            few.append(name)
            room -= size
    return few


def _named(left_out: Mapping[str, str]) -> str:
    if not left_out:
        return ""
    told = [f"{name[:_NAME_LENGTH]!r} ({why[:_WHY_LENGTH]})" for name, why in list(left_out.items())[:_NAMED]]
    more = len(left_out) - len(told)
    return f" [headers left out: {', '.join(told)}{f' and {more} more' if more else ''}]"


def _refused(publisher: MessagePublisher, copies: Sequence[Outbound]) -> Mapping[int, str]:
    try:
        publisher.publish_all(copies)
    except MessagesRefused as error:
        return error.refused
    return {}


def _request_id(copy: Outbound) -> str | None:
    told = copy.headers.get(header.REQUEST_ID)
    return told if isinstance(told, str) else None


def _with_little(copy: Outbound, why: str) -> Outbound:
    """Return a dead letter with what any broker takes beside its body, and what it refuses of this one."""
    headers = copy.headers
    sizes = {
        name: header_size(name, value)
        for name, value in headers.items()
        if name.startswith(header.RESERVED_PREFIX) and isinstance(value, str)
    }
    few = {name: headers[name] for name in _few(headers, sizes, room=_FEW_HEADERS_SIZE)}
    way_back = {name: headers[name] for name in _WAY_BACK}
    told = f"{headers[header.EXCEPTION_MESSAGE][:_WHY_LENGTH]} [refused by the broker: {why}]"
    dropped = headers.get(DROPPED_HEADERS, 0) + _originals(headers) - len(few)
    return replace(
        copy,
        headers=few
        | way_back
        | {
            header.EXCEPTION_MESSAGE: _cut(told),
            header.STACKTRACE: _cut(headers[header.STACKTRACE]),
            DROPPED_HEADERS: dropped,
        },
        properties={},
    )


def _originals(headers: Mapping[str, Any]) -> int:
    """Count the headers that a message had before it died."""
    added = {*_WAY_BACK, header.EXCEPTION_MESSAGE, header.STACKTRACE, DROPPED_HEADERS}
    return sum(name not in added for name in headers)


def _without_body(copy: Outbound, why: str) -> Outbound:
    """Return a dead letter without its body, where that may be what the broker refuses."""
    size = len(copy.body)
    if size <= _MODEST_BODY:
        return copy
    told = {
        header.EXCEPTION_MESSAGE: _cut(f"[body left out: {why}] {copy.headers[header.EXCEPTION_MESSAGE]}")
    }
    return replace(copy, headers={**copy.headers, **told, DROPPED_BODY: size}, body=b"")


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:_SHORT_TEXT_SIZE].decode("utf-8", "ignore")
