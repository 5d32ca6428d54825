"""How a worker type reads the content of its request."""

from typing import Any

from workers.contract import bodies
from workers.contract.work_request import WorkRequest
from workers.sdk.errors import InvalidContent


def json_content(request: WorkRequest) -> dict[str, Any]:
    """Read the content as a JSON object in UTF-8.

    Raises:
        InvalidContent: the content is empty, is not JSON, or is not an object.
    """
    if not request.content:
        raise InvalidContent("The content is empty, a JSON object is expected")
    try:
        value = bodies.read_strictly(request.content)
    except (ValueError, RecursionError) as error:
        raise InvalidContent(f"The content is not JSON: {bodies.why_not_json(error)}") from error
    if not isinstance(value, dict):
        raise InvalidContent(f"The content must be a JSON object, not {_KINDS.get(type(value), 'a number')}")
    return value


_KINDS = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
