"""The two clients: one submits requests to the platform, one starts bare chains; both count what is done."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from typing import Final, Protocol

from bench.broker import Broker
from bench.chain.messages import ChainTemplate
from bench.chain.names import done_queue
from bench.configuration import ONE_STEP
from bench.stream import Stream, encoded
from regards_processing.kernel.amqp import topology
from workers.contract import headers as names

#: What a client has to say: about the size of a real request for one scene.
BODY: Final = json.dumps(
    {"scene": "LC08_L1TP_198030_20200101", "files": ["file:///data/scene.zip"], "level": 2}
)
#: Seconds without any progress after which a run counts as stuck.
STUCK_AFTER: Final = 60.0
_TENANT: Final = "default"


class Stuck(Exception):
    """Nothing is being finished any more."""


class RequestFailed(Exception):
    """A request did not end in SUCCESS."""


class Client(Protocol):
    """Sends work, and knows how much of it is done."""

    stream: Stream
    #: Ids that are not done yet.
    waiting: set[str]

    def encoded(self) -> bytes:
        """Return the message of one piece of work, which is waited for from now on."""
        ...

    def hear(self, body: bytes) -> None:
        """Take note of a message from the other side."""
        ...


class RequestClient:
    """Submits requests over AMQP and follows them.

    There is one: every client hears of all requests, so two would cost the broker twice.
    """

    def __init__(self, broker: Broker, *, tenant: str = _TENANT) -> None:
        self._tenant = tenant
        self.waiting: set[str] = set()
        #: Of the requests that are sent next.
        self.content_type = ONE_STEP
        self._owner = f"bench-{secrets.token_hex(4)}"
        self._sent = 0
        queue = f"bench.client.{self._owner}"
        broker.own_queue(queue, fanout=topology.RESPONSE_EVENT_EXCHANGE)
        self.stream = Stream(broker, queue=queue)

    def encoded(self) -> bytes:
        """Return the message of one request."""
        self._sent += 1
        request_id = f"{self._owner}-{self._sent}"
        self.waiting.add(request_id)
        return submission(
            request_id=request_id,
            owner=self._owner,
            content_type=self.content_type,
            tenant=self._tenant,
        )

    def hear(self, body: bytes) -> None:
        """Take note of a response."""
        # Three of four say that a step was granted; they are not worth a parser.
        if b'"GRANTED"' in body:
            return
        response = json.loads(body)
        if response["state"] == "SUCCESS":
            self.waiting.discard(response["requestId"])
        elif response["state"] != "DELAYED":
            raise RequestFailed(f"{response['requestId']}: {response['state']}: {response['messages']}")


class ChainClient:
    """Starts bare chains and hears from their last task."""

    def __init__(self, broker: Broker, *, results: str) -> None:
        self.waiting: set[str] = set()
        argument = {
            "content": base64.b64encode(BODY.encode()).decode(),
            "headers": _headers("id", "owner", "type", _TENANT),
        }
        self._template = ChainTemplate(argument=argument, results=results)
        broker.own_queue(done_queue(results))
        self.stream = Stream(broker, queue=done_queue(results))

    def encoded(self) -> bytes:
        """Return the message that starts one chain."""
        message = self._template.message()
        self.waiting.add(message.root_id)
        return encoded(
            exchange="",
            routing_key=message.routing_key,
            body=message.body,
            headers=message.headers,
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=message.root_id,
            priority=0,
        )

    def hear(self, body: bytes) -> None:
        """Take note of a chain that is done."""
        self.waiting.discard(body.decode())


def submission(*, request_id: str, owner: str, content_type: str, tenant: str = _TENANT) -> bytes:
    """Return the message of one request."""
    return encoded(
        exchange=topology.REQUEST_EXCHANGE,
        routing_key="",
        body=BODY,
        headers=_headers(request_id, owner, content_type, tenant),
        content_type="application/json",
        content_encoding="UTF-8",
        priority=1,
    )


def run(client: Client, *, count: int) -> float:
    """Send work, wait until all of it is done, and return the seconds that took.

    Raises:
        Stuck: nothing was finished for a minute.
        RequestFailed: a request did not end in SUCCESS.
    """
    frames = b"".join(client.encoded() for _ in range(count))
    started = time.perf_counter()
    client.stream.send(frames)
    while client.waiting:
        left = len(client.waiting)
        try:
            for body in client.stream.bodies(timeout=STUCK_AFTER):
                client.hear(body)
        except TimeoutError as error:
            raise Stuck(f"{left} of {count} not done, and nothing came for {STUCK_AFTER:g} s") from error
    return time.perf_counter() - started


def _headers(request_id: str, owner: str, content_type: str, tenant: str) -> Mapping[str, object]:
    return {
        names.TENANT: tenant,
        names.REQUEST_ID: request_id,
        names.OWNER: owner,
        names.SESSION: "bench",
        names.CONTENT_TYPE: content_type,
    }
