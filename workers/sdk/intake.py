"""Reads a delivered message of either form: raw, or Celery task with a dispatch id."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kombu.exceptions import ContentDisallowed, DecodeError

from workers.contract import headers, names
from workers.contract.errors import MalformedMessage
from workers.contract.work_request import WorkRequest
from workers.transport.tolerance import UNREADABLE

#: ``<technical id>:<step>:<attempt>``; any other message id is a stranger's and not echoed.
_DISPATCH_ID: Final = re.compile(r"\d+(:\d+){2,3}", re.ASCII)
_MAX_DISPATCH_ID: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedWork:
    """A request of a manager, which is answered with messages."""

    worker_type: str
    request: WorkRequest
    #: The broker delivered it before.
    redelivered: bool
    #: The message is a Celery task.
    is_task: bool = False
    #: Of a Celery task; in a raw message that is the name of any additional header.
    time_limits: Any = None

    @property
    def queue(self) -> str:
        """Where the message belongs."""
        name = names.task_queue if self.is_task else names.request_queue
        return name(self.worker_type)


class Intake:
    """Tells what a message is, for the worker types of this process."""

    def __init__(self, *, types: Iterable[str]) -> None:
        known = tuple(types)
        self._by_task = {names.task_name(name): name for name in known}
        self._by_queue = {names.request_queue(name): name for name in known}

    def read(self, message: Any) -> ManagedWork | None:
        """Read a kombu message; ``None`` when it is plain Celery business.

        Raises:
            MalformedMessage: the message is for a manager's worker, but does not follow the contract, or its
                properties cannot be read.
        """
        if UNREADABLE in message.headers:
            reason = message.headers[UNREADABLE]
            raise MalformedMessage(f"Headers and properties cannot be read: {reason}")
        worker_type = self._raw_type(message.delivery_info)
        # The queue decides: an additional header of a raw message may be called "task" as well.
        if worker_type is None and "task" in message.headers:
            return self._celery_form(message)
        if worker_type is None:
            raise MalformedMessage(f"No worker type here for {_place(message.delivery_info)}")
        return ManagedWork(
            worker_type=worker_type,
            request=WorkRequest.from_raw(
                headers=message.headers,
                body=_bytes(message.body),
                message_id=_own(message.properties.get("message_id")),
            ),
            redelivered=bool(message.delivery_info.get("redelivered")),
        )

    def _celery_form(self, message: Any) -> ManagedWork | None:
        worker_type = self._by_task.get(message.headers["task"])
        if worker_type is None:
            return None
        args, kwargs = _arguments(message)
        if "dispatch_id" not in kwargs:
            return None
        dispatch_id = _own(kwargs["dispatch_id"])
        if dispatch_id is None:
            raise MalformedMessage(
                f"dispatch_id must be <id>:<step>:<attempt>, got {kwargs['dispatch_id']!r:.100}"
            )
        return ManagedWork(
            worker_type=worker_type,
            request=WorkRequest.from_task_argument(
                args[0] if args else None,
                dispatch_id=dispatch_id,
                # Of the message itself: additional headers, which workers make up, are in the argument.
                accepts_stored=message.headers.get(headers.ACCEPTS_STORED_CONTENT) == headers.YES,
            ),
            redelivered=bool(message.delivery_info.get("redelivered")),
            is_task=True,
            time_limits=message.headers.get("timelimit"),
        )

    def _raw_type(self, delivery: Mapping[str, Any]) -> str | None:
        # A message that an operator moved back comes through the default exchange, by queue name.
        return self._by_queue.get(str(delivery.get("exchange"))) or self._by_queue.get(
            str(delivery.get("routing_key"))
        )


def _place(delivery: Mapping[str, Any]) -> str:
    return f"exchange {delivery.get('exchange')!r} and routing key {delivery.get('routing_key')!r}"


def _arguments(message: Any) -> tuple[list[Any], Mapping[str, Any]]:
    try:
        args, kwargs, _ = message.payload
    except (ContentDisallowed, DecodeError, TypeError, ValueError) as error:
        raise MalformedMessage(f"The body is not that of a Celery task: {error}") from error
    if not isinstance(args, list) or not isinstance(kwargs, Mapping):
        raise MalformedMessage("The body of a Celery task must be [arguments, keyword arguments, links]")
    return args, kwargs


def _own(dispatch_id: object) -> str | None:
    if not isinstance(dispatch_id, str) or len(dispatch_id) > _MAX_DISPATCH_ID:
        return None
    return dispatch_id if _DISPATCH_ID.fullmatch(dispatch_id) else None


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)
