"""Functions as processes: what they get, how they end, and what is told of that."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.plugin_package import declared
from tests.unit.workers.builtin.process_functions import sample_functions
from tests.unit.workers.builtin.process_functions.calls import executed, made
from tests.unit.workers.builtin.process_functions.sample_functions import SamplePlugin
from tests.unit.workers.builtin.run_process.orders import sealed
from tests.unit.workers.builtin.watched import lives
from workers.processes.sealing import TOKEN, parameters_of
from workers.sdk import Cancelled

_PART = parameters_of("SamplePlugin")


@pytest.fixture(autouse=True)
def package(tmp_path: Path) -> Iterator[None]:
    """The sample plugin, as an installed package declares it."""
    folder = tmp_path / "package"
    folder.mkdir()
    with declared(folder, sample=f"{sample_functions.__name__}:SamplePlugin"):
        yield


def _run(folder: Path, **given: Any) -> dict[str, Any]:
    scene = folder / "scene.raw"
    scene.write_bytes(b"pixels")
    values: dict[str, Any] = {"factor": 2, "words": ["a"]} | given
    return executed(SamplePlugin, scene, roots=folder, **values)


def test_it_runs_a_function_with_typed_parameters_and_hides_what_is_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_URL", "amqp://user:secret@host")
    answer = _run(tmp_path, note="é", password="open sesame", cardinality="ONE_PER_EXECUTION")
    assert made(answer)["count"].read_text() == "1"
    assert answer["log"] == ["1 x 2.0 ['a'] é", "password *** ['HOME']"]
    assert answer["steps"][-1]["message"].endswith("| Run SamplePlugin")


def test_it_opens_secret_parameters_that_were_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_TOKEN_KEY", "shared")
    secrets = json.dumps({"password": "open sesame", "note": "sealed"})
    answer = _run(tmp_path, sealed=sealed(secrets, part=_PART, key="shared"), cardinality="ONE_PER_EXECUTION")
    assert answer["log"][0] == "1 x 2.0 ['a'] sealed"
    assert answer["log"][1].startswith("password ***")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "this fleet has no PROCESS_TOKEN_KEY"),
        ("other", "this fleet has another PROCESS_TOKEN_KEY than the platform"),
    ],
)
def test_it_fails_without_the_key_of_secret_parameters(
    key: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_TOKEN_KEY", key)
    monkeypatch.setenv("REGARDS_VAR", str(tmp_path))
    answer = _run(tmp_path, sealed=sealed("{}", part=_PART, key="shared"))
    assert answer["finalStatus"] == "FAILURE"
    assert f'Error message: "Its secret parameters cannot be read: {told}"' in answer["message"]


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "other"},
        {"request_id": "another-execution"},
        {"part": parameters_of("OtherPlugin")},
        {"part": TOKEN},
    ],
)
def test_it_opens_no_secret_parameters_that_were_sealed_for_another_request(
    other: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_TOKEN_KEY", "shared")
    stolen = sealed(json.dumps({"password": "open sesame"}), **{"part": _PART, "key": "shared"} | other)
    answer = _run(tmp_path, sealed=stolen, cardinality="ONE_PER_EXECUTION")
    assert answer["finalStatus"] == "FAILURE"
    assert "cannot be read: it was sealed for another request" in answer["message"]


def test_it_tells_no_secret_when_a_function_fails(tmp_path: Path) -> None:
    answer = _run(tmp_path, deed="SHOUT", password="open sesame")
    assert 'Error message: "not *** again"' in answer["message"]


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("FAIL", 'Error message: "there is\nno sky"'),
        ("RAISE", "Error message: \"KeyError: 'band'\""),
        ("LEAVE", 'Error message: "SystemExit: 0"'),
        ("DIE", "The process of the function ended with status code 139\nabout to die"),
        ("GROW", "It needs more memory than the 500000000 bytes of PROCESS_MAX_MEMORY"),
    ],
)
def test_it_tells_why_a_function_failed(
    deed: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_MAX_MEMORY", "500000000")
    answer = _run(tmp_path, deed=deed)
    assert (answer["finalStatus"], answer["outputs"]) == ("FAILURE", [])
    assert told in answer["message"]


def test_it_refuses_on_the_fleet_what_an_order_should_not_have_said(tmp_path: Path) -> None:
    assert 'Error message: "times: 0 or more is expected"' in _run(tmp_path, times=-1)["message"]


def test_it_ends_a_function_that_is_cancelled(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(Cancelled):
        _run(tmp_path, deed="WAIT", note=str(pid), cancelled=pid.exists)
    assert not lives(int(pid.read_text()))


@pytest.mark.parametrize("deed", ["LINK", "PIPE"])
def test_it_reads_no_other_file_as_the_reason_of_a_failure(deed: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open sesame")
    answer = _run(tmp_path, deed=deed, note=str(secret))
    assert 'Error message: "The process of the function ended with status code 1' in answer["message"]


@pytest.mark.landlock
def test_it_runs_a_function_in_the_sandbox_of_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_SANDBOX", "landlock")
    assert made(_run(tmp_path, cardinality="ONE_PER_EXECUTION"))["count"].read_text() == "1"
    secret = tmp_path / "secret"
    secret.write_text("open sesame")
    answer = _run(tmp_path, deed="PEEP", note=str(secret))
    refused = f"PermissionError: [Errno 13] Permission denied: '{secret}'\nIt ran in a sandbox: "
    assert f'Error message: "{refused}' in answer["message"]
