"""What the JSON schema of a worker type's body says of a request."""

import json
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from workers.sdk import InvalidContent, WorkRequest, json_content

_FAULTS_TOLD: Final = 5
_LONGEST_FAULT: Final = 200


def checked_content(request: WorkRequest, *, schema: Path) -> dict[str, Any]:
    """Return the content of a request that follows the schema in a file.

    Raises:
        InvalidContent: it does not; the message says where, for the first few faults.
    """
    content = json_content(request)
    faults = list(islice(_faults(content, schema=schema), _FAULTS_TOLD))
    if faults:
        raise InvalidContent("; ".join(faults))
    return content


@cache
def _validator(schema: Path) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema.read_text("utf-8")))


def _faults(content: dict[str, Any], *, schema: Path) -> Iterator[str]:
    for error in _validator(schema).iter_errors(content):
        yield _told(error)


def _told(error: ValidationError) -> str:
    place = error.json_path.removeprefix("$").removeprefix(".") or "content"
    text = str(error.message)
    if len(text) > _LONGEST_FAULT:
        text = f"{text[: _LONGEST_FAULT // 2]} … {text[-_LONGEST_FAULT // 2 :]}"
    return f"{place}: {text}"
