"""A command that cannot read its settings says why, and not where."""

import os
import subprocess
import sys

import pytest

from tests.architecture import tree


@pytest.mark.parametrize("command", ["doctor", "consume", "migrate"])
def test_it_tells_what_is_wrong_in_one_line(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=tree.ROOT,
        env={"PATH": os.environ["PATH"], "SWEEP_PAGE": "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("manage.py: SWEEP_PAGE='many' is refused: a whole number")
    assert done.stderr.count("\n") == 1
