"""Managers, jobs and commands start without the pages of the admin."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import load_command_class

from regards_processing.kernel.management.platform_command import PlatformCommand
from tests.architecture import tree

_MANAGER = """
import sys
import django
django.setup()
from worker_manager.consumers import consumers
assert consumers(instance_id="here")
"""
_JOBS = """
import sys
from regards_processing.celery import app
app.loader.import_default_modules()
assert "worker_manager.tasks" in sys.modules
"""
_PAGES = """
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


@pytest.mark.parametrize("code", [_MANAGER, _JOBS], ids=["manager", "jobs"])
def test_it_loads_no_pages(code: str, tmp_path: Path) -> None:
    assert _run(code + _PAGES, tmp_path) == ""


def test_its_commands_check_none() -> None:
    names = {
        (app.name, path.stem)
        for app in apps.get_app_configs()
        if Path(app.path).is_relative_to(tree.ROOT) and ".venv" not in Path(app.path).parts
        for path in Path(app.path).glob("management/commands/[a-z]*.py")
    }
    commands = [load_command_class(*name) for name in names]
    assert len(commands) > 10
    assert {type(one) for one in commands if not isinstance(one, PlatformCommand)} == set()


def test_pages_are_checked(tmp_path: Path) -> None:
    assert int(_run(_CHECKED, tmp_path)) > 20
