"""The variables of the sandbox, and the kernels that can do what they ask for."""

import logging
from pathlib import Path

import pytest

from workers.builtin.run_process import sandbox
from workers.builtin.run_process.sandbox import Sandbox
from workers.sdk.errors import ConfigurationError

_NEWEST = 7
_DEMANDED = {"PROCESS_SANDBOX": "landlock"}


def _sandbox(version: int = _NEWEST, **variables: str) -> Sandbox | None:
    return Sandbox.from_env(_DEMANDED | variables, version=version)


def test_programs_run_as_they_are_unless_a_sandbox_is_asked_for() -> None:
    assert Sandbox.from_env({}, version=_NEWEST) is None


def test_it_opens_the_system_and_hides_what_is_the_fleet_s(tmp_path: Path) -> None:
    key = tmp_path / "key"
    found = _sandbox(REGARDS_VAR=str(tmp_path / "var"), PROCESS_TOKEN_KEY_FILE=str(key))
    assert found is not None
    assert {Path("/usr"), Path("/etc")} <= set(found.readable)
    assert found.writable == ()
    var = tmp_path / "var"
    own = (Path("/etc/regards"), var, var / "work", var / "storage", key)
    assert set(own) <= set(found.hidden)
    assert found.is_tcp_allowed


@pytest.mark.parametrize(
    ("version", "network", "told"),
    [
        (0, "any", "PROCESS_SANDBOX=landlock: this kernel has no Landlock that may be used, 3 is needed"),
        (2, "any", "this kernel has version 2 of Landlock, 3 is needed (Linux 6.2); best-effort takes what"),
        (3, "none", "this kernel has version 3 of Landlock, 4 is needed (Linux 6.7)"),
    ],
)
def test_it_is_refused_where_the_kernel_cannot_do_what_is_demanded(
    version: int, network: str, told: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _sandbox(version, PROCESS_SANDBOX_NETWORK=network)
    assert told in str(refused.value)


@pytest.mark.parametrize(("version", "confined"), [(0, False), (1, True), (_NEWEST, True)])
def test_the_best_effort_is_what_the_kernel_can_do(version: int, confined: bool) -> None:  # noqa: FBT001 (of the table)
    assert (_sandbox(version, PROCESS_SANDBOX="best-effort") is not None) is confined


@pytest.mark.parametrize(
    ("version", "level", "told"),
    [
        (0, logging.WARNING, "this kernel has no Landlock that may be used, all of it needs 4 (Linux 6.7)"),
        (3, logging.WARNING, "this kernel has version 3 of Landlock, all of it needs 4 (Linux 6.7)"),
        (_NEWEST, logging.INFO, ""),
    ],
)
def test_a_fleet_says_when_it_starts_what_its_programs_run_in(
    version: int, level: int, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sandbox.check({"PROCESS_SANDBOX": "best-effort", "PROCESS_SANDBOX_NETWORK": "none"}, version=version)
    (record,) = caplog.records
    assert (record.levelno, getattr(record, "reason", "")) == (level, told)


def test_a_fleet_without_a_sandbox_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sandbox.check({}, version=_NEWEST)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PROCESS_SANDBOX", "maybe", "'maybe': one of off, best-effort, landlock is allowed"),
        ("PROCESS_SANDBOX_NETWORK", "some", "'some': one of any, none is allowed"),
        ("PROCESS_SANDBOX_READABLE", "here", " must hold absolute paths, got 'here'"),
        ("PROCESS_SANDBOX_READABLE", "/no/such", " must hold paths that there are, got '/no/such'"),
        ("PROCESS_SANDBOX_WRITABLE", "/no/such", " must hold paths that there are, got '/no/such'"),
        ("PROCESS_SANDBOX_READABLE", "{storage}", "/storage': name folders beside or below it"),
        ("PROCESS_SANDBOX_WRITABLE", "{storage}", "/storage': name folders beside or below it"),
        ("PROCESS_SANDBOX_WRITABLE", "{parent}", " must not open what the fleet keeps to itself"),
    ],
)
def test_it_refuses_values_that_make_no_sense(variable: str, value: str, told: str, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    storage.mkdir()
    given = {variable: value.format(storage=storage, parent=tmp_path)}
    with pytest.raises(ConfigurationError) as refused:
        Sandbox.from_env(_DEMANDED | {"REGARDS_SHARED_STORAGE": str(storage)} | given, version=_NEWEST)
    assert str(refused.value).startswith(variable)
    assert told in str(refused.value)


def test_it_opens_a_folder_of_the_storage_that_is_named(tmp_path: Path) -> None:
    common = tmp_path / "storage" / "common"
    common.mkdir(parents=True)
    found = _sandbox(
        REGARDS_SHARED_STORAGE=str(common.parent),
        PROCESS_SANDBOX_READABLE=str(common),
        PROCESS_SANDBOX_WRITABLE=str(common),
    )
    assert found is not None
    assert (found.readable, found.writable) == ((common,), (common,))


def test_it_names_the_sandbox_only_where_something_was_refused() -> None:
    found = _sandbox(PROCESS_SANDBOX_NETWORK="none")
    assert found is not None
    assert found.explained("no sky") == "no sky"
    assert found.explained("cat: a: Permission denied").startswith("cat: a: Permission denied\nIt ran in a ")
