"""How long an execution takes at most, as its fleet tells from the order alone."""

import json
import math
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import an_order
from workers.builtin.run_process import worker
from workers.sdk import WorkRequest, declare


def _longest(content: bytes) -> float | None:
    request = WorkRequest(tenant="t", request_id="r", content=content, headers={}, dispatch_id="1:1:1")
    return declare.declared_by(worker.run).length.of(request, loaded=lambda one: one)


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"timeLimit": 60.0, "timeGrace": 300.0}, 360.0),
        ({"timeLimit": 7200, "timeGrace": 5}, 7205.0),
        ({"timeLimit": 60, "timeGrace": 0}, 60.0),
        ({"timeLimit": 3600.5}, 3900.5),
        ({"timeLimit": 60, "timeGrace": None}, 360.0),
        ({"timeLimit": None}, math.inf),
        ({}, math.inf),
    ],
)
def test_it_takes_its_time_limit_and_what_its_platform_waits_beyond(
    fields: dict[str, Any], seconds: float
) -> None:
    assert _longest(json.dumps(an_order("/bin/true", **fields)).encode()) == seconds


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b"7", b"{", b'{"timeLimit": "soon"}', b'{"timeLimit": NaN}', b"[" * 100_000],
    ids=["nothing", "no text", "array", "number", "half", "word", "no number", "nested"],
)
def test_nothing_is_known_of_what_is_no_order(content: bytes) -> None:
    assert _longest(content) is None
