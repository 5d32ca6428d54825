"""Modules and functions stay small: physical lines, blanks included, tests too."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.architecture import tree

_ALL = (*tree.PRODUCT, "tests")


@pytest.mark.parametrize("folders", [tree.PRODUCT, _ALL], ids=["product", "product and tests"])
def test_it_keeps_modules_small(folders: tuple[str, ...]) -> None:
    sizes = {str(path.relative_to(tree.ROOT)): _lines_of(path) for path in tree.modules(*folders)}
    # An empty __init__ would flatter the figures.
    _check({name: size for name, size in sizes.items() if size}, median=90, p95=300, largest=500)


@pytest.mark.parametrize("folders", [tree.PRODUCT, _ALL], ids=["product", "product and tests"])
def test_it_keeps_functions_small(folders: tuple[str, ...]) -> None:
    sizes = {
        f"{tree.place(path, function)} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in tree.modules(*folders)
        for function in tree.functions(path)
    }
    _check(sizes, median=8, p95=40, largest=60)


def _lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def _check(sizes: Mapping[str, int], *, median: int, p95: int, largest: int) -> None:
    values = sorted(sizes.values())
    too_large = {name: size for name, size in sizes.items() if size > largest}
    assert not too_large, f"over {largest} lines: {too_large}"
    assert _percentile(values, 95) <= p95, f"the largest: {_largest(sizes)}"
    assert statistics.median(values) <= median, f"the largest: {_largest(sizes)}"


def _percentile(values: Sequence[int], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _largest(sizes: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(sizes.items(), key=lambda item: -item[1])[: max(10, len(sizes) // 15)]
