"""What a client hears, whatever the broker: responses by request, and how long it waits for them.

Nothing of the platform is imported: names and JSON are written out from the contract.
"""

import base64
import json
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REQUEST_EXCHANGE = "regards.broadcast.fr.cnes.regards.modules.workermanager.amqp.events.in.RequestEvent"
RESPONSE_EXCHANGE = "regards.broadcast.fr.cnes.regards.modules.workermanager.amqp.events.out.ResponseEvent"
FINAL_STATES = frozenset({"SUCCESS", "ERROR", "INVALID_CONTENT", "SKIPPED"})


class NotHeard(AssertionError):
    """What was expected did not come in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One ResponseEvent as it came."""

    headers: Mapping[str, Any]
    body: Mapping[str, Any]
    properties: Any = field(default=None, compare=False)

    @property
    def state(self) -> str:
        return str(self.body["state"])

    @property
    def message(self) -> str:
        return ",".join(self.body["messages"])

    @property
    def content(self) -> bytes:
        return base64.b64decode(self.body["content"], validate=True)

    @property
    def final(self) -> bool:
        return self.state in FINAL_STATES


def standard_headers(request_id: str, content_type: str, **other: str) -> dict[str, Any]:
    """Return the five headers of a request; ``other`` may name tenant, owner and session."""
    return {
        "regards.tenant": other.get("tenant", "default"),
        "regards.request.id": request_id,
        "regards.request.owner": other.get("owner", "acme"),
        "regards.request.session": other.get("session", "2025-06"),
        "regards.request.content_type": content_type,
    }


class Client(ABC):
    """Submits requests and follows them."""

    def __init__(self) -> None:
        self.heard: dict[str, list[Response]] = defaultdict(list)

    @abstractmethod
    def send(self, *, headers: Mapping[str, Any], body: bytes) -> None:
        """Publish one RequestEvent."""

    def send_all(self, messages: Iterable[tuple[Mapping[str, Any], bytes]]) -> None:
        """Publish RequestEvents, each as headers and body, as fast as the broker takes them."""
        for headers, body in messages:
            self.send(headers=headers, body=body)

    @abstractmethod
    def receive(self) -> Iterator[Response]:
        """Return the responses that have come by now."""

    @abstractmethod
    def close(self) -> None:
        """Leave the broker."""

    def submit(self, request_id: str, content_type: str, body: bytes = b'{"n":1}', **other: str) -> None:
        """Publish a request as a client of REGARDS does."""
        self.send(headers=standard_headers(request_id, content_type, **other), body=body)

    def listen(self) -> None:
        """Take what has come."""
        for response in self.receive():
            self.heard[str(response.headers.get("regards.request.id"))].append(response)

    def states(self, request_id: str) -> list[str]:
        return [response.state for response in self.heard[request_id]]

    def states_in(self, tenant: str, request_id: str) -> list[str]:
        """Return the states that a tenant's request went through; others may use the same id."""
        found = self.heard[request_id]
        return [one.state for one in found if one.headers["regards.tenant"] == tenant]

    def finals(self, request_id: str) -> list[Response]:
        return [response for response in self.heard[request_id] if response.final]

    def await_states(self, request_id: str, *states: str, timeout: float = 20.0) -> list[Response]:
        """Wait until the request has heard exactly these states, in this order; return the responses."""
        self.await_that(lambda: self.states(request_id)[: len(states)] == list(states), timeout)
        assert self.states(request_id) == list(states)
        return self.heard[request_id]

    def await_states_in(self, tenant: str, request_id: str, *states: str, timeout: float = 20.0) -> None:
        """Wait until a tenant's request has heard exactly these states."""
        self.await_that(lambda: self.states_in(tenant, request_id) == list(states), timeout)

    def await_final(self, request_id: str, *, timeout: float = 20.0) -> Response:
        """Wait until the request has ended; return the last response."""
        self.await_all([request_id], timeout=timeout)
        return self.finals(request_id)[-1]

    def await_all(self, request_ids: Collection[str], *, timeout: float = 20.0) -> None:
        """Wait until each of the requests has ended."""
        self.await_some(request_ids, count=len(request_ids), timeout=timeout)

    def await_some(self, request_ids: Collection[str], *, count: int, timeout: float = 20.0) -> None:
        """Wait until so many of the requests have ended."""
        self.await_that(lambda: sum(bool(self.finals(name)) for name in request_ids) >= count, timeout)

    def await_that(self, heard: Callable[[], bool], timeout: float = 20.0) -> None:
        """Wait until something holds, and listen meanwhile."""
        deadline = time.monotonic() + timeout
        while True:
            self.listen()
            if heard():
                return
            if time.monotonic() > deadline:
                raise NotHeard(f"after {timeout:g} s: {self._summary()}")
            time.sleep(0.02)

    def _summary(self) -> str:
        unfinished = {name: self.states(name) for name in list(self.heard) if not self.finals(name)}
        return f"{len(self.heard)} requests heard of, not ended: {json.dumps(unfinished)[:2000]}"
