"""What a manager tells fleets about dispatches whose answer nobody awaits any more. Ours, beyond REGARDS."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from workers.contract import bodies
from workers.contract.errors import MalformedMessage
from workers.contract.wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Dispatches that are not to be run, or not any longer."""

    dispatch_ids: tuple[str, ...]

    @classmethod
    def from_wire(cls, *, headers: Mapping[str, Any], body: bytes) -> Self:  # noqa: ARG003 (as every message)
        """Read a cancellation.

        Raises:
            MalformedMessage: the body does not name dispatches.
        """
        named = bodies.load_object(body).get("dispatchIds")
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise MalformedMessage("dispatchIds must be an array of strings")
        return cls(dispatch_ids=tuple(named))

    def to_wire(self) -> Wire:
        """Write the cancellation."""
        return Wire(headers={}, body=bodies.dump_object({"dispatchIds": list(self.dispatch_ids)}))
