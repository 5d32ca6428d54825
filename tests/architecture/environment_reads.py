"""Which environment variables the code reads, found in its syntax."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import tree

_VARIABLE = re.compile(r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")
#: Typed readers themselves: they take the name from their caller.
READERS = frozenset(
    {
        tree.ROOT / "regards_processing/settings/env.py",
        tree.ROOT / "workers/sdk/environment.py",
        tree.ROOT / "workers/builtin/environment.py",
    }
)


def variables_read(path: Path) -> Iterator[str]:
    """Yield the variables that a module reads through a typed reader.

    Two forms are known: ``env.integer("NAME", …)`` and ``reader(values, "NAME", …)``. A secret may also come
    from the file that ``NAME_FILE`` names.
    """
    for node in ast.walk(tree.syntax(path)):
        if isinstance(node, ast.Call):
            yield from _variables_of_call(node)


def unnamed_reads(path: Path) -> Iterator[str]:
    """Yield the calls ``env.reader(…)`` of a module that do not spell the variable's name."""
    for node in ast.walk(tree.syntax(path)):
        is_reader = (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_env(node.func.value)
        )
        if isinstance(node, ast.Call) and is_reader and not list(_variables_of_call(node)):
            yield tree.place(path, node)


def untyped_reads(path: Path) -> Iterator[str]:
    """Yield the places where a module looks into the environment by itself."""
    for node in ast.walk(tree.syntax(path)):
        if isinstance(node, ast.Attribute | ast.Subscript) and _looks_inside(node):
            yield tree.place(path, node)


def _looks_inside(node: ast.Attribute | ast.Subscript) -> bool:
    return _is_environ(node.value) or (isinstance(node, ast.Attribute) and node.attr == "getenv")


def _variables_of_call(call: ast.Call) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute) and _is_env(call.func.value):
        yield from _variables_of_reader(call.func.attr, call)
    elif len(call.args) > 1 and _is_values(call.args[0]) and _VARIABLE.match(_literal(call.args[1])):
        yield _literal(call.args[1])


def _variables_of_reader(reader: str, call: ast.Call) -> Iterator[str]:
    name = _literal(call.args[0]) if call.args else ""
    if _VARIABLE.match(name):
        yield name
        if reader == "secret":
            yield f"{name}_FILE"


def _literal(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_reader(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and _is_env(node.value)


def _is_env(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "env"


def _is_values(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or _is_environ(node)


def _is_environ(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"
