"""Errors of the wire contract."""


class MalformedMessage(Exception):
    """A message does not follow the wire contract."""

    code = "MALFORMED_MESSAGE"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidHeader(MalformedMessage):
    """A header that must be there is missing, or a header has the wrong type or is too long."""
