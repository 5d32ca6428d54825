"""What a process says that cannot begin."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from tests.architecture import tree


def last_words(arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    """Return the only line that a process of Python writes, which ends with code 1."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree.ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr
