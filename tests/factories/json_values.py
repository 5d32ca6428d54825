"""Values of JSON that no document has."""

import json
from typing import Any


def nested(levels: int) -> dict[str, Any]:
    """Return objects inside each other."""
    value: dict[str, Any] = json.loads('{"a":' * levels + "1" + "}" * levels)
    return value
