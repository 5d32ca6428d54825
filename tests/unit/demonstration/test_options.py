"""What the demonstration is given is checked before anything is started."""

import re
import subprocess
import sys

import pytest

from tests.architecture import tree


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--requests", "0"], 2, "argument --requests: a whole number from 1 to 10000 is expected, got '0'"),
        (["--requests", "many"], 2, "a whole number from 1 to 10000 is expected, got 'many'"),
        (["--postgres", "nonsense"], 1, "--postgres or DATABASE_URL is 'nonsense': postgres or postgresql,"),
        (["--postgres", "postgres://u:word@h:abc/x"], 1, "--postgres or DATABASE_URL is 'postgres://…': "),
        (
            ["--postgres", "postgres:///x?port=1&host=/none"],
            1,
            "PostgreSQL on this machine does not let us create",
        ),
        (["--rabbitmq", "http://u:word@x"], 1, "--rabbitmq or BROKER_URL is 'http://…': amqp or amqps"),
    ],
)
def test_it_says_what_is_wrong(arguments: list[str], code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.demonstration", *arguments],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert re.search(f"error: .*{re.escape(said)}", done.stderr)
    assert len(done.stderr) < 600
    assert "u:word" not in done.stderr
