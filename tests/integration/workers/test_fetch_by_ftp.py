"""Input files of executions that come by FTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.ftp_server import PASSWORD, FtpServer, serving_ftp
from tests.unit.workers.builtin.run_process.orders import a_program, an_order, carried_out

# Neither a database nor a broker is needed.
pytestmark = pytest.mark.embedded


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpServer]:
    with serving_ftp(tmp_path / "ftp") as server:
        (server.folder / "a.raw").write_bytes(b"aaa")
        yield server


def _run(ftp: FtpServer, folder: Path, *, name: str = "a.raw") -> dict[str, Any]:
    file = {"localRelativePath": "a.raw", "url": f"{ftp.url}/{name}", "bytes": 3, "metadata": {}}
    order = an_order(a_program(folder, "cp input/a.raw output/a"), file)
    return carried_out(order, storage=folder / "storage", roots=folder / "nothing")


@pytest.mark.parametrize("turned_away", [0, 2])
def test_it_tries_again_when_a_server_is_busy(ftp: FtpServer, tmp_path: Path, turned_away: int) -> None:
    ftp.turns_away = turned_away
    assert _run(ftp, tmp_path)["message"] == ""
    assert ftp.turns_away == 0


def test_it_says_what_could_not_be_had(ftp: FtpServer, tmp_path: Path) -> None:
    ftp.turns_away = 100
    message = _run(ftp, tmp_path)["message"]
    assert f"Failed to download ftp://127.0.0.1:{ftp.port}/a.raw into a.raw : 421 " in message
    assert PASSWORD not in message


def test_it_says_what_is_not_there(ftp: FtpServer, tmp_path: Path) -> None:
    message = _run(ftp, tmp_path, name="none.raw")["message"]
    assert f"Failed to download ftp://127.0.0.1:{ftp.port}/none.raw into a.raw : " in message
