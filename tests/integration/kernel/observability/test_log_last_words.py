"""What ends a process, and what Python warns of, are lines of the log as well."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stack.process import ROOT


def _lines(tmp_path: Path, script: str) -> list[dict[str, Any]]:
    """Run a script on the platform's settings, with JSON logs; return its lines."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{script}"],
        cwd=ROOT,
        env={
            "DJANGO_SETTINGS_MODULE": "regards_processing.settings",
            "REGARDS_VAR": str(tmp_path),
            "LOG_FORMAT": "json",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("1 / 0", "process ends"),
        ("import threading; t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()", "thread ends"),
    ],
)
def test_it_logs_the_error_that_ends_it(tmp_path: Path, script: str, message: str) -> None:
    (line,) = _lines(tmp_path, script)
    assert (line["level"], line["message"]) == ("CRITICAL", message)
    assert "ZeroDivisionError" in line["exception"]


def test_it_logs_warnings(tmp_path: Path) -> None:
    (line,) = _lines(tmp_path, "import warnings; warnings.warn('two\\nlines')")
    assert (line["level"], line["logger"]) == ("WARNING", "py.warnings")


def test_it_says_nothing_when_it_is_interrupted(tmp_path: Path) -> None:
    assert _lines(tmp_path, "raise KeyboardInterrupt") == []
