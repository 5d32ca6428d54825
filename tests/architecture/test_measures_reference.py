"""docs/reference/observability.md names every measure of the sources, whether it was counted yet or not."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.documents import DOCS
from tests.architecture.tree import PRODUCT, modules, syntax

_MEASURE = re.compile(r"(?:regards|http_server)_[a-z_]+")
_MAKERS = ("Counter", "Histogram", "Gauge", "GaugeMetricFamily", "_gauge", "_gauges")


def _measures() -> Iterator[str]:
    """Yield the names that counters, histograms and gauges are made with."""
    for path in modules(*PRODUCT):
        for node in ast.walk(syntax(path)):
            match node:
                case ast.Call(
                    func=ast.Name(id=maker) | ast.Attribute(attr=maker),
                    args=[ast.Constant(value=str(name)), *_],
                ) if maker in _MAKERS and _MEASURE.fullmatch(name):
                    yield name


def test_the_reference_has_every_measure() -> None:
    text = (DOCS / "reference" / "observability.md").read_text("utf-8")
    measures = set(_measures())
    assert len(measures) > 40
    assert measures - set(re.findall(r"`(\w+)`", text)) == set()
