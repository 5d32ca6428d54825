"""``python -m workers schema TYPE``: what a worker type takes and makes, for other languages and editors."""

import json
import sys
from argparse import Namespace

from workers.sdk import models
from workers.sdk.loading import load_types


def run(options: Namespace) -> int:
    """Write the schemas; that of a side without a model is null."""
    modules = [name.strip() for name in options.modules.split(",") if name.strip()]
    (entry,) = load_types(types=[options.type], modules=modules)
    described = {
        "type": entry.name,
        "version": entry.version,
        "takes": models.schema(entry.signature.takes, made=False),
        "makes": models.schema(entry.signature.makes, made=True),
    }
    sys.stdout.write(json.dumps(described, indent=2, ensure_ascii=False) + "\n")
    return 0
