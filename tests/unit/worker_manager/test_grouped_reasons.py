"""Why groups of requests wait."""

from typing import Any

import pytest

from tests.factories.worker_manager import AT, later
from worker_manager.grouped_reasons import Group, Stand, grouped_reasons
from worker_manager.pauses import Pauses
from worker_manager.reasons import ReasonCode

_C = ReasonCode
_PAUSED_TYPE = Pauses(worker_types=frozenset({(None, "unzip-worker")}))
_PAUSED_CONTENT = Pauses(content_types=frozenset({(1, "unzip")}))


def _group(stand: str, **facts: Any) -> Group:
    usual: dict[str, Any] = {
        "tenant_id": 1,
        "worker_type": "unzip-worker",
        "content_type": "unzip",
        "requests": 2,
        "oldest": AT,
    }
    return Group(stand=Stand(stand), **(usual | facts))


@pytest.mark.parametrize(
    ("group", "others", "code", "subject"),
    [
        (_group("UNSERVED"), {"live": []}, _C.NO_LIVE_WORKER, "unzip-worker"),
        (_group("UNSERVED"), {}, _C.AWAITING_SWEEP, "unzip-worker"),
        (_group("UNSERVED", worker_type=None), {}, _C.NO_CONFIGURATION, "unzip"),
        (_group("UNSERVED"), {"inactive": [1]}, _C.TENANT_INACTIVE, ""),
        (_group("HELD"), {}, _C.IN_FLIGHT_LIMIT, "unzip-worker"),
        (_group("HELD"), {"pauses": _PAUSED_TYPE}, _C.TYPE_PAUSED, "unzip-worker"),
        (_group("HELD"), {"pauses": _PAUSED_CONTENT}, _C.CONTENT_TYPE_PAUSED, "unzip"),
        (_group("HELD", tenant_id=2), {"pauses": _PAUSED_CONTENT}, _C.IN_FLIGHT_LIMIT, "unzip-worker"),
        (_group("HELD"), {"live": []}, _C.NO_LIVE_WORKER, "unzip-worker"),
        (_group("DUE"), {}, _C.AWAITING_SWEEP, "unzip-worker"),
        (_group("LATER"), {"live": []}, _C.DUE_LATER, "unzip-worker"),
        (_group("QUEUED"), {}, _C.AWAITING_WORKER, "unzip-worker"),
        (_group("QUEUED"), {"live": []}, _C.NO_LIVE_WORKER, "unzip-worker"),
        (_group("SILENT"), {}, _C.WORKER_SILENT, "unzip-worker"),
        (_group("ERROR"), {"inactive": [1]}, _C.UP_TO_OPERATOR, "ERROR"),
        (_group("INVALID_CONTENT"), {}, _C.UP_TO_OPERATOR, "INVALID_CONTENT"),
    ],
)
def test_it_finds_the_reason(group: Group, others: dict[str, Any], code: ReasonCode, subject: str) -> None:
    usual: dict[str, Any] = {"live": ["unzip-worker"], "pauses": Pauses(), "inactive": []}
    (found,) = grouped_reasons(groups=[group], **(usual | others))
    assert (found.code, found.subject) == (code, subject)
    assert subject in found.text


def test_it_adds_up_what_waits_for_the_same() -> None:
    groups = [
        _group("UNSERVED", oldest=later(-5)),
        _group("QUEUED", tenant_id=2, requests=3),
        _group("HELD", worker_type="sip-worker", requests=9),
    ]
    found = grouped_reasons(groups=groups, live=["sip-worker"], pauses=Pauses(), inactive=[])
    assert [(reason.code, reason.requests, reason.oldest) for reason in found] == [
        (_C.IN_FLIGHT_LIMIT, 9, AT),
        (_C.NO_LIVE_WORKER, 5, later(-5)),
    ]
