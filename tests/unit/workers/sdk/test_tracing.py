"""Whether a fleet traces at all."""

from pathlib import Path

import pytest

from workers.contract.work_request import WorkRequest
from workers.sdk.config import WorkerConfig
from workers.sdk.tracing import Tracing

_REQUEST = WorkRequest(tenant="demo", request_id="r-1", headers={})


def _tracing(folder: Path, **variables: str) -> Tracing:
    return Tracing(config=WorkerConfig.from_env({"REGARDS_VAR": str(folder), **variables}))


def test_it_costs_nothing_while_it_is_off(tmp_path: Path) -> None:
    tracing = _tracing(tmp_path)
    runs = {id(tracing.run(worker_type="a", request=_REQUEST)) for _ in range(3)}
    tracing.close()
    assert len(runs) == 1


def test_it_lets_work_go_on_when_it_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # More in one batch than may wait: the SDK refuses that.
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
    tracing = _tracing(tmp_path, TRACING="console")
    done = []
    for _ in range(2):
        with tracing.run(worker_type="a", request=_REQUEST):
            done.append(True)
    tracing.close()
    assert len(done) == 2
    assert caplog.text.count("tracing cannot start") == 1
