"""Processes of Celery that the broker does not let in say so in one line each time, and try again later."""

import os
import re
import string
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.architecture import tree
from tests.stack.environment import Servers, with_path

pytestmark = pytest.mark.rabbitmq

_FLEET = ["workers", "worker", "--types", "digest", "--pool", "solo"]
_JOBS = ["regards_processing", "worker", "--pool", "solo"]


@pytest.fixture(params=["missing virtual host", "wrong password"])
def refused(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> Mapping[str, str]:
    """Give the variables of a process that the broker does not let in."""
    known = servers.broker_url or ""
    url = {
        "missing virtual host": with_path(known, "regards-not-there"),
        "wrong password": re.sub(r"//([^:]*):[^@]*@", r"//\1:wrong@", known),
    }[request.param]
    return {
        "PATH": os.environ["PATH"],
        "BROKER_URL": url,
        "REGARDS_VAR": str(tmp_path),
        "SECRET_KEY": "x",
        "REGARDS_JWT_SECRET": string.ascii_letters * 2,
        "LOG_LEVEL": "WARNING",
    }


def _start(arguments: list[str], variables: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "celery", "-q", "-A", *arguments],
        cwd=tree.ROOT,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("arguments", [_FLEET, _JOBS], ids=["fleet", "jobs"])
def test_it_tries_again_after_a_pause_that_grows(refused: Mapping[str, str], arguments: list[str]) -> None:
    with _start(arguments, refused) as worker:
        assert worker.stderr is not None
        lines = [worker.stderr.readline() for _ in range(2)]
        worker.terminate()
        rest = worker.stderr.read()
    pauses = [
        re.findall(r"broker amqp://\S+ does not let this process in, trying again in (\d+) s", said)
        for said in lines
    ]
    assert pauses == [["2"], ["4"]]
    assert (worker.returncode, "Traceback" in rest) == (0, False)


def test_beat_ends_with_one_line(refused: Mapping[str, str]) -> None:
    with _start(["regards_processing", "beat"], refused) as beat:
        assert beat.stderr is not None
        said = beat.stderr.read()
    assert re.fullmatch(r".* CRITICAL .* beat ends: The broker amqp://\S+ does not let us in: .*\n", said)
    assert beat.returncode == 1
