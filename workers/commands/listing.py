"""``python -m workers list``: which worker types there are."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, Final

from workers.sdk import declare
from workers.sdk.declare import WorkerType
from workers.sdk.errors import ConfigurationError
from workers.sdk.loading import builtin_types, load_modules, load_types

_HEADINGS: Final = ("type", "version", "takes", "makes", "bulk", "module")
_ANY: Final = "any content"


def run(options: Namespace) -> int:
    """Show the worker types of the given modules, then the built-in ones."""
    load_modules(names_in(options.modules))
    rows = [_row(entry) for entry in declare.declared_types().values()]
    rows += [_builtin(name) for name in builtin_types() if name not in {row["type"] for row in rows}]
    sys.stdout.write(json.dumps(rows, indent=2) + "\n" if options.json else _table(rows))
    return 0


def _row(entry: WorkerType) -> dict[str, Any]:
    return {
        "type": entry.name,
        "version": entry.version,
        "takes": entry.body_schema.name if entry.body_schema else _name(entry.signature.takes),
        "makes": _name(entry.signature.makes),
        "bulk": entry.bulk,
        "module": entry.module,
    }


def _builtin(name: str) -> dict[str, Any]:
    try:
        (entry,) = load_types(types=[name], modules=[])
    except ConfigurationError as error:
        missing = str(error).rpartition(": ")[2]
        return dict.fromkeys(_HEADINGS) | {"type": name, "module": f"cannot be loaded: {missing}"}
    return _row(entry)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [list(_HEADINGS), *([_text(row[heading]) for heading in _HEADINGS] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )


def _name(model: type[Any] | None) -> str:
    return _ANY if model is None else model.__name__


def _text(value: object) -> str:
    return "" if value is None else str(value)


def names_in(text: str) -> list[str]:
    """Return the names that commas separate."""
    return [name.strip() for name in text.split(",") if name.strip()]
