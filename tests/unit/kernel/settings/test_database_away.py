"""Commands say what is wrong with the database: that it has no tables, or cannot be used at all."""

import os
import string
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import tree
from tests.unit.kernel.settings.last_words import last_words

_AWAY = {
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "SECRET_KEY": "x",
    "REGARDS_JWT_SECRET": string.ascii_letters * 2,
}


def _said(var: Path, *arguments: str, **variables: str) -> str:
    """Return the only line that a command writes."""
    return last_words(["manage.py", *arguments], {"REGARDS_VAR": str(var), **variables})


@pytest.mark.parametrize(
    "arguments",
    [
        ["cancel", "r-1"],
        ["create_tenant", "demo"],
        ["explain", "r-1"],
        ["export_configuration"],
        ["import_configuration", "docs/examples/scenes.json"],
        ["issue_token", "--tenant", "demo", "--user", "ada", "--role", "EXPLOIT"],
        ["staff_groups"],
        ["submit", "--content-type", "scenes", "--body", "{}"],
        ["tenants"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_it_asks_whether_the_tables_were_made(tmp_path: Path, arguments: list[str]) -> None:
    said = _said(tmp_path, *arguments)
    assert said.startswith("CommandError: The database cannot be read (no such table")
    assert said.endswith("was `manage.py migrate` run?\n")


def test_it_asks_nothing_of_the_kind_when_the_server_is_away(tmp_path: Path) -> None:
    said = _said(tmp_path, "tenants", **_AWAY)
    assert said.startswith("CommandError: The database cannot be used (connection to server at")
    assert said.endswith("Connection refused)\n")


def test_a_manager_waits_for_its_database(tmp_path: Path) -> None:
    manager = subprocess.Popen(
        [sys.executable, "manage.py", "consume"],
        cwd=tree.ROOT,
        env={"PATH": os.environ["PATH"], "REGARDS_VAR": str(tmp_path), "LOG_LEVEL": "WARNING", **_AWAY},
        stderr=subprocess.PIPE,
        text=True,
    )
    with manager:
        assert manager.stderr is not None
        lines = [manager.stderr.readline() for _ in range(2)]
        manager.terminate()
        rest = manager.stderr.read()
    assert ["database or broker is not available, connecting again" in line for line in lines] == [True] * 2
    assert (manager.returncode, "Traceback" in rest) == (0, False)
