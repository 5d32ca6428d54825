"""A message as it travels: headers, body and the two properties we use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What a wire message is made of, whatever library sends it."""

    headers: dict[str, object]
    body: bytes
    #: The dispatch id of the request that this message answers.
    correlation_id: str | None = None
    #: The dispatch id of the request that this message carries.
    message_id: str | None = None
