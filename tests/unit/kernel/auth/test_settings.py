"""The platform does not start with keys that prove nothing."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.architecture import tree
from tests.factories.tokens import OTHER_SECRET, SECRET

_SERVERS = {"DATABASE_URL": "postgres://nobody@localhost/none", "SECRET_KEY": "x"}
_SHOW = (
    "from regards_processing.settings import auth as a;"
    "print(len(a.JWT_KEYS.keys), a.JWT_KEYS.signing and a.JWT_KEYS.signing.kid, bool(a.OAUTH_CLIENT_SECRET))"
)


def _start(variables: Mapping[str, str]) -> tuple[str, str]:
    """Read the settings in a process of their own; return what it printed, and why it ended."""
    done = subprocess.run(
        [sys.executable, "-c", _SHOW],
        cwd=tree.ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip(), done.stderr.strip().rpartition("\n")[2]


def test_it_makes_a_secret_when_embedded(tmp_path: Path) -> None:
    told, _ = _start({"REGARDS_VAR": str(tmp_path)})
    assert told == "1 None True"
    assert len((tmp_path / "secrets" / "jwt").read_bytes()) >= 64


def test_it_wants_a_secret_on_servers() -> None:
    assert "REGARDS_JWT_SECRET is required" in _start(_SERVERS)[1]


def test_it_takes_a_secret_on_servers_and_lets_no_application_in_by_default() -> None:
    assert _start(_SERVERS | {"REGARDS_JWT_SECRET": SECRET})[0] == "1 None False"


@pytest.mark.parametrize("secret", ["short", "changeme" * 10])
def test_it_refuses_a_weak_secret(secret: str) -> None:
    said = _start(_SERVERS | {"REGARDS_JWT_SECRET": secret})[1]
    assert "REGARDS_JWT_SECRET is refused" in said
    assert secret not in said


def test_it_needs_no_secret_beside_a_key_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(f'{{"keys": [{{"kid": "k1", "algorithms": ["HS512"], "secret": "{SECRET}"}}]}}')
    variables = _SERVERS | {"REGARDS_JWT_KEYS_FILE": str(file)}
    assert _start(variables)[0] == "1 None False"
    assert _start(variables | {"REGARDS_JWT_SECRET": OTHER_SECRET})[0] == "2 None False"


def test_it_names_a_key_file_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text('{"keys": [{"algorithms": ["HS512"], "secret": "short"}]}')
    said = _start(_SERVERS | {"REGARDS_JWT_KEYS_FILE": str(file)})[1]
    assert "REGARDS_JWT_KEYS_FILE is refused: key 1: the secret has 5 bytes" in said


def test_it_names_a_key_file_that_is_not_there(tmp_path: Path) -> None:
    said = _start(_SERVERS | {"REGARDS_JWT_KEYS_FILE": str(tmp_path / "absent")})[1]
    assert "REGARDS_JWT_KEYS_FILE=" in said
