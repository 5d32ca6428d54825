"""Small habits that a linter does not know."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import tree

# Written so that this module does not match itself.
_MARKERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
_VAGUE = frozenset({"utils", "util", "helpers", "helper", "common", "misc"})
#: The modules that spell names of exchanges and queues.
_NAMING = frozenset({"regards_processing/kernel/amqp/topology.py", "workers/contract/names.py"})
_BROKER_NAME = re.compile(r"^regards\.(broadcast|unicast|worker|DLX|DLQ|retry)\b")


def test_it_leaves_no_markers_for_later() -> None:
    found = [
        f"{path.relative_to(tree.ROOT)}:{number}"
        for path in tree.modules(*tree.PRODUCT, "tests")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if _MARKERS.search(line)
    ]
    assert not found


def test_it_ships_no_unwritten_function() -> None:
    found = [
        tree.place(path, node)
        for path in tree.modules(*tree.PRODUCT)
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.Raise) and "NotImplemented" in ast.dump(node)
    ]
    assert not found


def test_it_names_every_module_for_a_subject() -> None:
    found = [path for path in tree.modules(*tree.PRODUCT, "tests") if path.stem in _VAGUE]
    assert not found


def test_it_spells_broker_names_in_one_place_per_side() -> None:
    found = [where for path in tree.modules(*tree.PRODUCT) for where in _broker_names(path)]
    assert not found


def test_it_has_no_condition_in_a_test() -> None:
    found = [
        f"{tree.place(path, function)} {function.name}"
        for path in tree.modules("tests")
        for function in tree.functions(path)
        if function.name.startswith("test_") and any(isinstance(node, ast.If) for node in ast.walk(function))
    ]
    assert not found


def _broker_names(path: Path) -> Iterator[str]:
    spells = str(path.relative_to(tree.ROOT)) in _NAMING
    for literal in () if spells else tree.literals(path):
        if _BROKER_NAME.match(str(literal.value)):
            yield f"{tree.place(path, literal)} {literal.value!r}"
