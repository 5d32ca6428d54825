"""Many requests in flight at once, and what must be true when they have ended."""

import json
import time

from tests.acceptance.participant import Client, Response, standard_headers
from tests.acceptance.tables import finished, messages_left, requests_left
from tests.stack.stack import Stack

_REQUESTS = 300
#: Ended when the fault comes: the system is at full speed.
_WARM = 20
#: Still in flight at least, for the fault to mean something.
_IN_FLIGHT = 150


class Storm:
    """Requests of a workflow of three steps."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.names = [f"{name}-{number}" for number in range(_REQUESTS)]

    def break_out(self) -> None:
        """Submit all requests and wait until the system is at full speed."""
        bodies = {name: json.dumps({"name": name}).encode() for name in self.names}
        self._client.send_all((standard_headers(name, "three-steps"), bodies[name]) for name in self.names)
        self._client.await_some(self.names, count=_WARM)
        ended = sum(bool(self._client.finals(name)) for name in self.names)
        assert ended < _REQUESTS - _IN_FLIGHT, f"{ended} of {_REQUESTS} had ended already"

    def pass_by(self, stack: Stack, *, timeout: float = 50.0) -> None:
        """Wait until all requests have ended, and check that each did so in the right way, once."""
        self._client.await_all(self.names, timeout=timeout)
        _await_empty_outbox(stack)
        self._client.listen()
        for name in self.names:
            self._check(name, self._client.finals(name))
        mine = set(self.names)
        assert [row for row in requests_left(stack) if row[0] in mine] == []
        history = finished(stack)
        assert {name: history.get(name) for name in self.names} == {name: ["SUCCESS"] for name in self.names}

    def _check(self, name: str, finals: list[Response]) -> None:
        first = finals[0]
        assert first.state == "SUCCESS", first.message
        # A response may come twice, but not two different ones.
        assert all(response == first for response in finals), finals
        content = json.loads(first.content)
        assert content["name"] == name
        assert [step for step, _ in content["trail"]] == ["a", "b", "c"]


def _await_empty_outbox(stack: Stack) -> None:
    deadline = time.monotonic() + 15
    while messages_left(stack):
        assert time.monotonic() < deadline, f"{messages_left(stack)} messages wait in the outbox"
        time.sleep(0.1)
