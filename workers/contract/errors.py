"""Errors of the wire contract."""


class MalformedMessage(Exception):
    """A message does not follow the wire contract."""

    code = "MALFORMED_MESSAGE"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
