"""The tests of a folder, run as a stranger runs them: without the plug-ins of this project's own tests."""

import os
import subprocess
import sys
from pathlib import Path

from tests.stack.process import ROOT


def run_tests_of(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run every test of a folder; warnings are errors."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--rootdir", "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
