"""``python -m workers schema TYPE``: what a worker type takes and makes, for other languages and editors."""

import json
import sys
from argparse import Namespace
from typing import Any

from workers.commands.listing import names_in
from workers.sdk import models
from workers.sdk.declare import WorkerType
from workers.sdk.loading import load_types


def run(options: Namespace) -> int:
    """Write the schemas; that of a side without any is null."""
    (entry,) = load_types(types=[options.type], modules=names_in(options.modules))
    described = {
        "type": entry.name,
        "version": entry.version,
        "takes": _taken(entry),
        "makes": models.schema(entry.signature.makes, made=True),
    }
    sys.stdout.write(json.dumps(described, indent=2, ensure_ascii=False) + "\n")
    return 0


def _taken(entry: WorkerType) -> Any:
    if entry.body_schema is not None:
        return json.loads(entry.body_schema.read_text("utf-8"))
    return models.schema(entry.signature.takes, made=False)
