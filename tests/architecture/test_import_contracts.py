"""Who may import what: the contracts of pyproject.toml, and fleets that cannot load Django."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import tree

_FORBIDDEN = ("django", "rest_framework", "regards_processing", "worker_manager")
#: Run first: as if these packages were not installed.
_WITHOUT_THE_PLATFORM = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {_FORBIDDEN!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, {str(tree.ROOT)!r})
"""
_REPORT = "print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def test_it_keeps_the_import_contracts() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache"],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", tree.modules("workers/contract"), ids=lambda path: path.stem)
def test_it_loads_the_contract_without_any_package_installed(path: Path) -> None:
    # -I -S: no variables, no site-packages; the checkout is the only place outside the standard library.
    assert "workers" in _modules_after_import(_module_name(path), "-I", "-S")


@pytest.mark.parametrize("path", tree.modules("workers/sdk"), ids=lambda path: path.stem)
def test_it_loads_the_sdk_without_the_platform(path: Path) -> None:
    assert not _modules_after_import(_module_name(path), "-I").intersection(_FORBIDDEN)


def test_it_starts_a_fleet_without_the_platform() -> None:
    assert not _modules_after_import("workers.celery", "-I").intersection(_FORBIDDEN)


def _modules_after_import(name: str, *flags: str) -> set[str]:
    script = f"{_WITHOUT_THE_PLATFORM}\nimport {name}; {_REPORT}"
    command = [sys.executable, *flags, "-c", script]
    # Without variables: Celery looks for Django by itself when DJANGO_SETTINGS_MODULE is set.
    done = subprocess.run(command, cwd=tree.ROOT, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(tree.ROOT).with_suffix("").parts).removesuffix(".__init__")
