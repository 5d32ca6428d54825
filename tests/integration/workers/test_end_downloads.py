"""Downloads that nobody needs any more end, with all that they have brought."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.http_servers import Stalled, stalling
from tests.unit.workers.builtin.run_process.orders import a_program, an_input, an_order, carried_out
from workers.sdk import Cancelled
from workers.sdk.held_folders import sweep

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

_AT_MOST = 10
#: A fleet that has nothing but this execution to do.
_FLEET = """
import json, sys
from pathlib import Path
from tests.unit.workers.builtin.run_process.orders import carried_out
carried_out(json.loads(sys.argv[1]), storage=Path(sys.argv[2]), roots=Path(sys.argv[2]))
"""


@pytest.fixture
def server() -> Iterator[Stalled]:
    with stalling() as stalled:
        yield stalled


def _order(server: Stalled, folder: Path, **others: Any) -> dict[str, Any]:
    local = folder / "a.raw"
    local.write_bytes(b"a")
    file = an_input(local, url=f"{server.address}/a.raw", bytes=1000)
    return an_order(a_program(folder, "true"), file, **others)


def _run(server: Stalled, folder: Path, **options: Any) -> dict[str, Any]:
    order = _order(server, folder, timeLimit=options.pop("time_limit", 600))
    return carried_out(order, storage=folder / "storage", roots=folder, **options)


def _await_file(folder: Path, name: str) -> None:
    """Return once a file has begun to come: a little later than its first byte has gone."""
    deadline = time.monotonic() + _AT_MOST
    while not list(folder.rglob(name)):
        assert time.monotonic() < deadline, f"no {name} in {folder}"
        time.sleep(0.02)


def test_it_ends_them_when_the_time_of_the_execution_is_over(server: Stalled, tmp_path: Path) -> None:
    begun = time.monotonic()
    assert _run(server, tmp_path, time_limit=2)["finalStatus"] == "TIMED_OUT"
    assert time.monotonic() - begun < _AT_MOST
    assert server.left.wait(_AT_MOST)


def test_it_ends_them_when_the_execution_is_cancelled(server: Stalled, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        _run(server, tmp_path, cancelled=server.begun.is_set)
    assert server.left.wait(_AT_MOST)


def test_it_ends_them_when_the_fleet_is_killed_and_removes_what_came(server: Stalled, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    order = json.dumps(_order(server, tmp_path))
    command = [sys.executable, "-c", _FLEET, order, str(tmp_path / "storage")]
    with subprocess.Popen(command, env=os.environ | {"TMPDIR": str(scratch)}) as fleet:
        assert server.begun.wait(6 * _AT_MOST)
        _await_file(scratch, "a.raw")
        fleet.send_signal(signal.SIGKILL)
    assert server.left.wait(_AT_MOST)
    (work,) = scratch.glob("*/work")
    assert [path.name for path in work.rglob("a.raw")] == ["a.raw"]
    assert sweep(workdir=work, storage=tmp_path / "storage") == 1
    assert list(work.iterdir()) == []
