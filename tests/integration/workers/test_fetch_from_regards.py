"""Internal files by rs-storage, and metadata by rs-catalog."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.http_servers import Answer, Server, serving
from tests.unit.workers.builtin.run_process.orders import (
    EXECUTION_ID,
    a_program,
    an_order,
    carried_out,
    sealed,
)
from workers.processes.sealing import TOKEN

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded

_KEY = "a key that platform and fleet share"
_FEATURE = "URN:AIP:DATA:demo:0a2c3f60-6c1c-4a51-9f3e-2f7a0f9b6a11:V1"
_CHECKSUM = hashlib.sha256(b"aaa").hexdigest()
_FILE = f"/rs-storage/files/{_CHECKSUM}/download"
_METADATA = f"/rs-catalog/engines/legacy/dataobjects/{_FEATURE}"
#: What an order says of where an internal file is, which is of no importance.
_PLACE: dict[str, Any] = {"url": "file:/not/here"}
_SHOW = "cat input/*/a.raw input/*/metadata/metadata.json >output/all"


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    metadata = json.dumps({"content": {"id": 7, "label": "é"}, "links": []}).encode()
    with serving({_FILE: [Answer(body=b"aaa")], _METADATA: [Answer(body=metadata)]}) as server:
        monkeypatch.setenv("PROCESS_STORAGE_URL", f"{server.address}/rs-storage/")
        monkeypatch.setenv("PROCESS_CATALOG_URL", f"{server.address}/rs-catalog")
        monkeypatch.setenv("PROCESS_TOKEN_KEY", _KEY)
        yield server


def _run(
    folder: Path,
    *,
    add_metadata: bool = False,
    program: str = "env; cat input/*/a.raw >output/a",
    place: dict[str, Any] = _PLACE,
    token: str = "",
) -> Any:
    file = {
        "localRelativePath": f"{_FEATURE}/a.raw",
        "bytes": 3,
        "checksum": _CHECKSUM,
        "metadata": {"internal": "true", "featureId": _FEATURE},
    } | place
    order = an_order(
        a_program(folder, program),
        file,
        batchId="b-1",
        user="ada@x.org",
        sealedToken=token or sealed("t0ken", part=TOKEN, key=_KEY),
    )
    order["plugin"]["parameters"]["addMetadata"] = add_metadata
    return carried_out(order, storage=folder / "storage", roots=folder / "nothing")


def _made(answer: dict[str, Any]) -> bytes:
    assert answer["message"] == ""
    return Path(answer["outputs"][0]["url"].removeprefix("file:")).read_bytes()


def test_it_asks_for_internal_files_as_who_ordered(services: Server, tmp_path: Path) -> None:
    answer = _run(tmp_path)
    assert _made(answer) == b"aaa"
    ((path, headers),) = services.asked
    assert path == f"{_FILE}?isContentInline=false"
    assert headers["Authorization"] == "Bearer t0ken"
    assert "t0ken" not in json.dumps(answer)


def test_it_asks_with_no_token_that_was_sealed_for_another_request(services: Server, tmp_path: Path) -> None:
    stolen = sealed("t0ken", part=TOKEN, key=_KEY, request_id="another-execution")
    assert "it was sealed for another request" in _run(tmp_path, token=stolen)["message"]
    assert services.asked == []


@pytest.mark.parametrize("place", [{}, {"url": None}, {"url": ""}])
def test_it_needs_no_url_of_internal_files(place: dict[str, Any], services: Server, tmp_path: Path) -> None:
    assert _made(_run(tmp_path, place=place)) == b"aaa"
    services.answers[_FILE] = [Answer(status=404)]
    assert f"Failed to download internal {_CHECKSUM} into" in _run(tmp_path, place=place)["message"]


@pytest.mark.parametrize(
    ("status", "times", "told"),
    [
        (429, 1, f"Exceeded quota for user ada@x.org when downloading {_CHECKSUM}"),
        (404, 1, "storage answered with status 404"),
        (302, 1, "storage answered with status 302"),
        (503, 3, f"Internal download failed for user ada@x.org for checksum {_CHECKSUM}, storage answered"),
    ],
)
def test_it_says_why_rs_storage_gives_no_file(
    status: int, times: int, told: str, services: Server, tmp_path: Path
) -> None:
    services.answers[_FILE] = [Answer(status=status, headers={"Location": f"{services.address}/other"})]
    message = _run(tmp_path)["message"]
    whose = f"type=INTERNAL_DOWNLOAD_ERROR exec={EXECUTION_ID} batch=b-1 message="
    assert f"{whose}Failed to download internal {_CHECKSUM} into {_FEATURE}/a.raw : " in message
    assert told in message
    assert len(services.asked) == times


def test_it_tries_again_and_verifies(services: Server, tmp_path: Path) -> None:
    services.answers[_FILE] = [Answer(status=500), Answer(body=b"aaa")]
    assert _made(_run(tmp_path)) == b"aaa"
    services.answers[_FILE] = [Answer(body=b"bbb")]
    assert f"{_CHECKSUM} was announced" in _run(tmp_path)["message"]


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PROCESS_STORAGE_URL", "", "this fleet has no PROCESS_STORAGE_URL"),
        ("PROCESS_TOKEN_KEY", "", "this fleet has no PROCESS_TOKEN_KEY"),
        ("PROCESS_TOKEN_KEY", "other", "this fleet has another PROCESS_TOKEN_KEY than the platform"),
        ("PROCESS_STORAGE_URL", "http://127.0.0.1:1", "http://127.0.0.1:1 does not answer"),
    ],
)
@pytest.mark.usefixtures("services")
def test_it_says_what_the_fleet_lacks(
    variable: str, value: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGARDS_VAR", str(tmp_path))
    monkeypatch.setenv(variable, value)
    assert told in _run(tmp_path)["message"]


def test_it_puts_metadata_beside_the_files(services: Server, tmp_path: Path) -> None:
    made = _made(_run(tmp_path, add_metadata=True, program=_SHOW))
    assert made.startswith(b"aaa")
    assert json.loads(made[3:]) == {"id": 7, "label": "é"}
    assert services.asked[-1][1]["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=403), "status 403"),
        (Answer(body=b"[]"), "no content"),
        (Answer(body=b"<html>"), "Expecting value"),
    ],
)
def test_it_goes_on_without_metadata(answer: Answer, reason: str, services: Server, tmp_path: Path) -> None:
    services.answers[_METADATA] = [answer]
    ended = _run(tmp_path, add_metadata=True)
    assert _made(ended) == b"aaa"
    (told,) = [line for line in ended["log"] if f"metadata of feature {_FEATURE} is missing" in line]
    assert reason in told
