"""A message that a worker sent, as it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.contract import headers as header_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message, and when it came."""

    exchange: str
    headers: Mapping[str, Any]
    body: bytes
    #: Monotonic time.
    at: float

    @property
    def request_id(self) -> object:
        """The request that it names."""
        return self.headers.get(header_names.REQUEST_ID)
