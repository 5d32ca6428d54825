"""`scripts/demo`, as a newcomer runs it: on the embedded stack, or on the servers of the session."""

import http.cookiejar
import os
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.stack.environment import Servers
from tests.stack.process import ROOT
from tests.stack.vhosts import own_vhost

#: Seconds until a demonstration has ended, also on a slow machine.
_PATIENCE = 240


@pytest.fixture
def environment(servers: Servers, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give an environment whose temporary folder is the test's, and an unused virtual host."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "BROKER_URL", "REGARDS_VAR", "DJANGO_SETTINGS_MODULE"}
    }
    with own_vhost(servers.broker_url) as broker_url:
        given = {"DATABASE_URL": servers.database_url, "BROKER_URL": broker_url, "TMPDIR": str(tmp_path)}
        yield variables | {name: value for name, value in given.items() if value}


@contextmanager
def _demo(environment: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        ["scripts/demo", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _wait_for(process: "subprocess.Popen[str]", words: str) -> str:
    """Return what was printed up to the line with these words."""
    printed = []
    for line in process.stdout or ():
        printed.append(line)
        if words in line:
            return "".join(printed)
    raise AssertionError("".join(printed) + process.communicate()[1])


def _left_behind(folder: Path) -> list[str]:
    """Return the processes whose temporary folder this is."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == str(folder):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_it_checks_every_result_and_leaves_nothing_behind(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with _demo(environment) as process:
        printed, said = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, printed + said
    assert len(re.findall(r"fleet-[12] +\d+\.\d\d s", printed)) == 36
    assert len(re.findall(r"✓ 1\d facts", printed)) == 12
    assert "12 of 12 results are true" in printed
    assert re.findall(r"Z +([A-Z]+)\b", printed) == ["REGISTERED", "PREPARE", "RUNNING", "SUCCESS"]
    assert "The execution is true: 13 facts" in printed
    assert (list(tmp_path.iterdir()), _left_behind(tmp_path)) == ([], [])


@pytest.mark.parametrize(
    ("moment", "number", "code"),
    [
        ("platform in", signal.SIGINT, 130),
        pytest.param("database migrated", signal.SIGTERM, 143, marks=pytest.mark.embedded),
        pytest.param("is ready", signal.SIGINT, 130, marks=pytest.mark.embedded),
        ("requests for workflow", signal.SIGTERM, 143),
    ],
)
def test_it_leaves_nothing_behind_when_it_is_stopped(
    environment: dict[str, str], tmp_path: Path, moment: str, number: signal.Signals, code: int
) -> None:
    with _demo(environment) as process:
        _wait_for(process, moment)
        process.send_signal(number)
        printed, said = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, printed.splitlines()[-1]) == (code, "stopped"), said
    assert (list(tmp_path.iterdir()), _left_behind(tmp_path)) == ([], [])


def test_it_keeps_the_platform_and_its_pages_until_it_is_stopped(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with _demo(environment, "--keep", "--requests", "2") as process:
        printed = _wait_for(process, "Ctrl-C stops it")
        address, password = re.findall(r"(http://\S+/admin/)  user admin  password (\S+)", printed)[0]
        page = _log_in(address, password)
        asked = _type(re.findall(r"^  (?:cd|\.|\w+=|curl) ?.*$", printed, re.MULTILINE))
        process.send_signal(signal.SIGINT)
        last, _ = process.communicate(timeout=_PATIENCE)
    assert "What waits, and why" in page
    assert asked.count('"extract-archive"') == 1, asked
    assert process.returncode == 0
    (kept,) = tmp_path.iterdir()
    assert f"kept: {kept}" in last
    assert len(list(kept.glob("storage/default/*/quicklook/*.png"))) == 2
    assert _left_behind(tmp_path) == []


def _type(lines: list[str]) -> str:
    """Return what commands print that are typed in a terminal that knows nothing of the platform."""
    foreign = ("DATABASE_URL", "BROKER_URL", "REGARDS_", "SECRET_KEY", "DJANGO_")
    known = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        ["bash", "-euc", "\n".join(lines)],
        env=known,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=True,
    ).stdout


def _log_in(address: str, password: str) -> str:
    """Return the dashboard, which the login of the admin leads to."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(cookies)
    form = browser.open(f"{address}login/?next=/dashboard/", timeout=20).read().decode()
    token = re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', form)[0]
    fields = {"username": "admin", "password": password, "csrfmiddlewaretoken": token, "next": "/dashboard/"}
    body = urllib.parse.urlencode(fields).encode()
    text: str = browser.open(f"{address}login/", body, timeout=20).read().decode()
    return text


@pytest.mark.rabbitmq
def test_it_refuses_a_virtual_host_that_a_platform_uses(environment: dict[str, str], tmp_path: Path) -> None:
    with _demo(environment, "--requests", "1") as first:
        _wait_for(first, "manager is ready")
        with _demo(environment, "--requests", "1") as second:
            _, said = second.communicate(timeout=_PATIENCE)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=_PATIENCE)
    assert second.returncode == 1
    assert "a platform uses the virtual host" in said
    assert list(tmp_path.iterdir()) == []


def test_it_says_what_is_wrong_with_a_server(environment: dict[str, str], tmp_path: Path) -> None:
    started = time.monotonic()
    with _demo(environment, "--rabbitmq", "amqp://127.0.0.1:1/nowhere") as process:
        _, said = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("error: The broker amqp://127.0.0.1:1/nowhere is not available")
    assert time.monotonic() - started < 30
    assert list(tmp_path.iterdir()) == []
