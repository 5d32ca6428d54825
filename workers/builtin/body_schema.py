"""The JSON schema of a worker type's body, which lies beside its code, and what it says of a request."""

import json
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from workers.sdk import InvalidContent, WorkRequest, json_content

#: Name of the file in the folder of a worker type.
FILE_NAME: Final = "body.schema.json"
_FAULTS_TOLD: Final = 5
_LONGEST_FAULT: Final = 200


def checked_content(request: WorkRequest, *, folder: Path) -> dict[str, Any]:
    """Return the content of a request that follows the schema in the folder of its worker type.

    Raises:
        InvalidContent: it does not; the message says where, for the first few faults.
    """
    content = json_content(request)
    faults = list(islice(_faults(content, folder=folder), _FAULTS_TOLD))
    if faults:
        raise InvalidContent("; ".join(faults))
    return content


@cache
def schema_of(folder: Path) -> dict[str, Any]:
    """Return the schema that lies in a folder."""
    schema: dict[str, Any] = json.loads((folder / FILE_NAME).read_text("utf-8"))
    return schema


def _faults(content: dict[str, Any], *, folder: Path) -> Iterator[str]:
    for error in Draft202012Validator(schema_of(folder)).iter_errors(content):
        yield _told(error)


def _told(error: ValidationError) -> str:
    place = error.json_path.removeprefix("$").removeprefix(".") or "content"
    text = str(error.message)
    if len(text) > _LONGEST_FAULT:
        text = f"{text[: _LONGEST_FAULT // 2]} … {text[-_LONGEST_FAULT // 2 :]}"
    return f"{place}: {text}"
