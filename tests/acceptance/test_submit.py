"""`manage.py submit`: a client on the command line."""

import json
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.stack.platform import Platform
from tests.stack.process import ROOT


def _submit(
    platform: Platform, *arguments: str, stdin: str = ""
) -> tuple[int, list[dict[str, Any]], list[str]]:
    """Run the command; return its exit code, the lines of its result, and what it said on stderr."""
    done = subprocess.run(
        [sys.executable, "manage.py", "submit", *arguments],
        cwd=ROOT,
        env=platform.stack.environment(),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.returncode, results, done.stderr.splitlines()


def _fresh() -> str:
    return f"submit-{secrets.token_hex(4)}"


def test_it_prints_each_request_when_it_has_ended(shared: Platform, tmp_path: Path) -> None:
    prefix, file = _fresh(), tmp_path / "bodies.jsonl"
    file.write_text('{"n": 1}\n{"n": 2}\n')
    code, results, said = _submit(
        shared, "--content-type", "echo", "--id-prefix", prefix, "--count", "2", str(file)
    )
    assert (code, said[-1]) == (0, "4 SUCCESS")
    found = {result["requestId"]: result["content"] for result in results}
    assert found == {
        f"{prefix}-1": {"n": 1},
        f"{prefix}-2": {"n": 1},
        f"{prefix}-3": {"n": 2},
        f"{prefix}-4": {"n": 2},
    }


def test_it_follows_a_workflow_of_bodies_on_standard_input(shared: Platform) -> None:
    code, (result,), _ = _submit(shared, "--content-type", "three-steps", "-", stdin='{"n": 1}\n')
    assert (code, result["state"], result["workerType"]) == (0, "SUCCESS", "accept-stamp-c")


@pytest.mark.parametrize(
    ("content_type", "state", "words"),
    [("noise", "SKIPPED", "automatically skipped"), ("raise", "ERROR", "the sky is not blue")],
)
def test_it_fails_when_a_request_does_not_succeed(
    shared: Platform, content_type: str, state: str, words: str
) -> None:
    code, (result,), said = _submit(shared, "--content-type", content_type, "--body", "{}")
    assert (code, result["state"], said[-1]) == (1, state, f"1 {state}")
    assert words in result["messages"][0]


def test_it_refuses_an_id_that_is_taken(shared: Platform) -> None:
    request_id = _fresh()
    arguments = ("--content-type", "unknown-to-all", "--body", "{}", "--request-id", request_id)
    _submit(shared, *arguments, "--no-wait")
    code, (result,), _ = _submit(shared, *arguments)
    assert (code, result["requestId"], result["state"]) == (1, request_id, "SKIPPED")


def test_it_tells_what_has_not_ended_in_time(shared: Platform) -> None:
    code, results, said = _submit(
        shared, "--content-type", "unknown-to-all", "--body", "{}", "--timeout", "1"
    )
    assert (code, results, said[0]) == (1, [], "1 not ended")
    assert "has not ended after 1 s: DELAYED Your request has been delayed" in said[1]


def test_it_prints_the_ids_when_it_does_not_wait(shared: Platform) -> None:
    prefix = _fresh()
    printed = shared.manage(
        *("submit", "--content-type", "echo", "--body", "{}", "--count", "2"),
        *("--id-prefix", prefix, "--no-wait"),
    )
    assert printed.split() == [f"{prefix}-1", f"{prefix}-2"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--body", "[]"), "--body: Body must be a JSON object, not list"),
        (("--body", "{}", "--tenant", "nobody"), "There is no active tenant 'nobody'"),
        ((), "Give either files or --body"),
        (("--body", "{}", "--count", "0"), "a whole number from 1 to 1000000 is expected, got '0'"),
        (("--body", "{}", "--timeout", "nan"), "a number of seconds above 0 is expected, got 'nan'"),
        (
            ("--body", "{}", "--count", "2", "--request-id", "x"),
            "--request-id names one request, there are 2",
        ),
    ],
)
def test_it_says_what_is_wrong_with_its_arguments(
    shared: Platform, arguments: tuple[str, ...], words: str
) -> None:
    code, results, said = _submit(shared, "--content-type", "echo", *arguments)
    assert (code in {1, 2}, results) == (True, [])
    assert words in said[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_no_queue_when_it_is_interrupted(shared: Platform, number: signal.Signals) -> None:
    known = _fresh()
    arguments = ["--content-type", "unknown-to-all", "--body", "{}", "--request-id", known]
    with subprocess.Popen(
        # Whoever runs the tests in the background ignores Ctrl-C, and so would the command.
        ["env", "--default-signal=INT", sys.executable, "manage.py", "submit", *arguments],
        cwd=ROOT,
        env=shared.stack.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _await_stored(shared, known)
            process.send_signal(number)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted: 1 not ended"


def _await_stored(platform: Platform, request_id: str) -> None:
    """Wait until the engine has a request, however slowly the command starts."""
    count = (
        "from worker_manager.models import Request\n"
        f"known = Request.objects.across_tenants(because='a test').filter(request_id={request_id!r})\n"
        "print(known.count())"
    )
    deadline = time.monotonic() + 60
    while platform.manage("shell", "-v0", "-c", count).strip() != "1":
        assert time.monotonic() < deadline, f"{request_id} was not submitted"
