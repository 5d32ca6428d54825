"""A manager starts without the pages of the admin."""

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture import tree

_MANAGER = """
import sys
import django
django.setup()
from worker_manager.consumers import consumers
from worker_manager.management.commands import consume
assert consumers(instance_id="here")
assert not consume.Command.requires_system_checks
print(*(name for name in sys.modules if name.endswith(".admin") and not name.startswith("django")))
"""
_CHECKED = """
import django
django.setup()
from django.contrib import admin
from django.core import checks
checks.run_checks()
print(len(admin.site._registry))
"""


def _run(code: str, folder: Path) -> str:
    variables = {"DJANGO_SETTINGS_MODULE": "regards_processing.settings", "REGARDS_VAR": str(folder)}
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tree.ROOT,
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_loads_no_pages(tmp_path: Path) -> None:
    assert _run(_MANAGER, tmp_path) == ""


def test_pages_are_checked(tmp_path: Path) -> None:
    assert int(_run(_CHECKED, tmp_path)) > 20
