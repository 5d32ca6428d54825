"""Fields that a schema does not name are found at any depth."""

from typing import Any

import pytest

from regards_processing.kernel.configuration.unknown_fields import unknown_fields
from worker_manager.configuration import worker_items, workflow_items

_PARALLEL = {"stepNumber": 2, "workerTypes": ["a", "b"], "contentTypeOutput": "c"}


def _found(value: Any, schema: Any) -> list[tuple[str, str]]:
    return [(fault.text, fault.field) for fault in unknown_fields(value=value, schema=schema)]


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        ({"workerType": "a", "contentTypeInputs": ["b"], "policy": None, "maxInFlight": 1}, []),
        ({"workerType": "a", "keepErors": False, "maxInFlght": 3}, ["keepErors", "maxInFlght"]),
        # Whoever reads a policy refuses what is not known in it.
        ({"workerType": "a", "policy": {"runTimout": 3}}, []),
        ({"\ud800\0": 1}, ["?\N{REPLACEMENT CHARACTER}"]),
    ],
)
def test_it_finds_them_in_worker_types(value: Any, unknown: list[str]) -> None:
    assert _found(value, worker_items.SCHEMA) == [(f"{name} is not known", name) for name in unknown]


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        ({"steps": [{"stepNumber": 1, "workerType": "a", "onlyIf": {"header": "x"}}, _PARALLEL]}, []),
        (
            {"steps": [_PARALLEL, {"stepNumber": 1, "workertype": "a"}], "keep": 1},
            ["steps[1].workertype", "keep"],
        ),
        ({"steps": "many"}, []),
        ({"steps": [7]}, []),
    ],
)
def test_it_finds_them_in_workflows(value: Any, unknown: list[str]) -> None:
    assert _found(value, workflow_items.SCHEMA) == [(f"{name} is not known", name) for name in unknown]
