"""`manage.py doctor` on real platforms: one that is being set up, one whose queues differ, one that runs."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.amqp_client import Peer
from tests.stack.environment import Servers
from tests.stack.platform import Platform
from tests.stack.process import ROOT
from tests.stack.stack import open_stack

_ANSWERS = "regards.worker.manager.response"


@pytest.fixture
def fresh(servers: Servers, tmp_path: Path) -> Iterator[Platform]:
    """Give a platform that nobody has set up yet."""
    variables = {"STORAGE_MIN_FREE_BYTES": "0"}
    with (
        open_stack(servers=servers, folder=tmp_path, name="fresh", variables=variables) as stack,
        Platform(stack) as platform,
    ):
        yield platform


def _doctor(platform: Platform, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the doctor; return its exit code and its checks by name."""
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json", *arguments],
        cwd=ROOT,
        env=platform.stack.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, {check["check"]: check for check in json.loads(done.stdout)["checks"]}


def _advice(check: dict[str, Any]) -> list[str]:
    return [step for finding in check["findings"] for step in finding.get("advice", [])]


def _failed(checks: dict[str, Any]) -> list[str]:
    return [name for name, check in checks.items() if check["outcome"] == "failed"]


def test_it_leads_through_the_set_up(fresh: Platform) -> None:
    code, before = _doctor(fresh)
    assert (code, _failed(before)) == (1, ["migrations"])
    assert _advice(before["migrations"]) == ["manage.py migrate"]
    fresh.migrate()
    code, after = _doctor(fresh)
    assert (code, _failed(after)) == (0, [])
    assert _advice(after["consumers"])[0] == "manage.py consume"


@pytest.mark.rabbitmq
def test_its_advice_repairs_a_queue_of_another_release(fresh: Platform) -> None:
    fresh.migrate()
    with Peer(fresh.stack.broker_url or "") as peer:
        peer.channel.queue_declare(_ANSWERS, durable=True, arguments={"x-max-priority": 10})
        for number in range(20):
            peer.publish(exchange="", key=_ANSWERS, headers={"n": number}, body=b"{}")
        code, before = _doctor(fresh, "--only", "queues")
        (finding,) = [one for one in before["queues"]["findings"] if one["outcome"] == "failed"]
        assert code == 1
        assert {"argument": "x-max-priority", "ours": "255", "theirs": "10"} in finding["facts"][
            "differences"
        ]
        command = next(step for step in finding["advice"] if step.startswith("manage.py "))
        printed = fresh.manage(*command.split()[1:])
        assert printed == f"{_ANSWERS} is as the contract says; it kept 20 messages\n"
        assert _doctor(fresh, "--only", "queues")[0] == 0
        assert [message.headers["n"] for message in peer.drain(_ANSWERS)] == list(range(20))


def test_it_finds_a_running_platform_well(shared: Platform) -> None:
    deadline = time.monotonic() + 60
    while (outcomes := _outcomes(shared)) - {"ok", "skipped"}:
        assert time.monotonic() < deadline, outcomes
        time.sleep(1)


def _outcomes(platform: Platform) -> set[str]:
    """Return how the checks end that need running processes."""
    checks = ("queues", "worker-queues", "consumers", "sweeps", "outbox", "worker-clocks")
    _, found = _doctor(platform, *(word for check in checks for word in ("--only", check)))
    return {check["outcome"] for check in found.values()}
