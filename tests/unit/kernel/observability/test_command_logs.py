"""On a terminal a command shows what it says itself; elsewhere its log is whole."""

import os
import subprocess
import sys

import pytest

from tests.architecture import tree


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give a platform with tables."""
    variables = {"PATH": os.environ["PATH"], "REGARDS_VAR": str(tmp_path_factory.mktemp("var"))}
    _manage("migrate", "--verbosity", "0", environment=variables)
    return variables


def _manage(*arguments: str, environment: dict[str, str], stderr: int = subprocess.PIPE) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=tree.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr or ""


def _on_a_terminal(*arguments: str, environment: dict[str, str]) -> tuple[str, str]:
    ours, theirs = os.openpty()
    # What is read before anything was written; the other end stays open until it has been.
    try:
        os.set_blocking(ours, False)
        printed, _ = _manage(*arguments, environment=environment, stderr=theirs)
        return printed, _waiting(ours)
    finally:
        os.close(theirs)
        os.close(ours)


def _waiting(terminal: int) -> str:
    try:
        return os.read(terminal, 10_000).decode()
    except BlockingIOError:
        return ""


def test_it_keeps_its_log_off_a_terminal(environment: dict[str, str]) -> None:
    assert _on_a_terminal("create_tenant", "one", environment=environment) == ("one\n", "")


def test_it_shows_its_log_on_a_terminal_when_asked_to(environment: dict[str, str]) -> None:
    printed, log = _on_a_terminal("create_tenant", "two", "--verbosity", "2", environment=environment)
    assert (printed, "tenant created" in log) == ("two\n", True)


def test_it_logs_to_whoever_collects_it(environment: dict[str, str]) -> None:
    printed, log = _manage("create_tenant", "three", environment=environment)
    assert (printed, "tenant created" in log) == ("three\n", True)


def test_it_tells_no_address_of_a_token_that_leaves_on_a_console(environment: dict[str, str]) -> None:
    _manage("create_tenant", "four", environment=environment)
    whose = ("--tenant", "four", "--user", "ada", "--role", "EXPLOIT")
    _, log = _manage("issue_token", *whose, environment=environment)
    assert ("token issued" in log, "address" in log) == (True, False)
