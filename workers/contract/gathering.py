"""What a parallel step makes of the contents and headers of its members."""

import base64
from collections.abc import Iterable, Mapping
from typing import Final

from workers.contract.bodies import read_strictly

_JSON_SPACE: Final = " \t\r\n"


def gather(contents: Iterable[bytes]) -> bytes:
    """Return one body of several contents, in their order: ``{"contents": […]}``.

    A content that is JSON in UTF-8 stands there as it is, byte for byte but for space around it. Any other is
    ``{"base64": "…"}``.
    """
    return b'{"contents":[' + b",".join(map(_entry, contents)) + b"]}"


def gather_headers(headers: Iterable[Mapping[str, str] | None]) -> dict[str, str]:
    """Return the additional headers of all members; of those with one name the last member's counts."""
    return {name: value for given in headers for name, value in (given or {}).items()}


def _entry(content: bytes) -> bytes:
    try:
        text = content.decode().strip(_JSON_SPACE)
        read_strictly(text)
    except (ValueError, RecursionError):
        return b'{"base64":"' + base64.b64encode(content) + b'"}'
    return text.encode()
