"""`pip install ./workers` is enough for a fleet: neither the platform nor any other package is needed."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata

from tests.architecture import tree

_FOLDER = tree.ROOT / "workers"
_PACKAGE = tomllib.loads((_FOLDER / "pyproject.toml").read_text("utf-8"))
#: Loads the command line and a fleet, then a model, while no other package can be found.
_LOAD = """
import sys
refused = set({refused!r})
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError("not among the requirements: " + name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, {root!r})
import workers.commands.command_line, workers.celery, workers.sdk.consumer, workers.sdk.testing
early = "pydantic" in sys.modules
import pydantic
print(early)
"""


def test_it_needs_no_package_but_those_of_its_requirements_and_loads_pydantic_only_for_models() -> None:
    installed = metadata.packages_distributions().items()
    others = {module for module, owners in installed if not _needed(owners)}
    assert {"django", "numpy", "pytest"} <= others
    script = _LOAD.format(refused=sorted(others), root=str(tree.ROOT))
    command = [sys.executable, "-I", "-c", script]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"


def test_its_requirements_are_those_of_the_platform_where_both_have_one() -> None:
    platform = set(_requirements("requirements.txt"))
    names = {_name(line) for line in platform}
    shared = {line for line in _requirements("workers/requirements.txt") if _name(line) in names}
    assert shared <= platform
    assert "-r workers/requirements.txt" in (tree.ROOT / "requirements-worker.txt").read_text("utf-8")


def test_it_installs_every_package_template_and_schema() -> None:
    folders = {path.parent for path in _FOLDER.rglob("*.py")}
    packages = {".".join(folder.relative_to(tree.ROOT).parts) for folder in folders}
    assert set(_PACKAGE["tool"]["setuptools"]["packages"]) == packages
    data = {path for path in _FOLDER.rglob("*.txt") if path.name != "requirements.txt"}
    data |= set(_FOLDER.rglob("*.json"))
    listed = _PACKAGE["tool"]["setuptools"]["package-data"]
    covered = {
        path
        for package, patterns in listed.items()
        for folder in (folders if package == "*" else [tree.ROOT / package.replace(".", "/")])
        for pattern in patterns
        for path in folder.glob(pattern)
    }
    assert data == covered


def _needed(owners: list[str]) -> bool:
    return any(_canonical(owner) in _CLOSURE for owner in owners)


def _closure() -> set[str]:
    """Return the distributions that the requirements bring along."""
    found: set[str] = set()
    waiting = [_name(line) for line in _requirements("workers/requirements.txt")]
    while waiting:
        name = _canonical(waiting.pop())
        if name not in found:
            found.add(name)
            # Some are for other systems, and not installed on this one.
            with suppress(metadata.PackageNotFoundError):
                waiting += [_name(one) for one in metadata.requires(name) or () if "extra ==" not in one]
    return found


def _requirements(name: str) -> Iterator[str]:
    for line in (tree.ROOT / name).read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "-")):
            yield line


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found[0]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


_CLOSURE = _closure()
