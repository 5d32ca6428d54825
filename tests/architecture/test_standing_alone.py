"""`pip install ./workers` is enough for a fleet: neither the platform nor any other package is needed."""

import subprocess
import sys
import tomllib

from tests.architecture import tree
from tests.stack import bare_interpreter
from tests.stack.bare_interpreter import name_of, requirements

_FOLDER = tree.ROOT / "workers"
_PACKAGE = tomllib.loads((_FOLDER / "pyproject.toml").read_text("utf-8"))
#: The command line and a fleet, then a model.
_LOAD = """
import sys
import workers.commands.command_line, workers.celery, workers.sdk.consumer, workers.sdk.testing
early = "pydantic" in sys.modules
import pydantic
print(early)
"""


def test_it_needs_no_package_but_those_of_its_requirements_and_loads_pydantic_only_for_models() -> None:
    assert {"django", "numpy", "pytest"} <= bare_interpreter.refused_modules()
    command = [sys.executable, *bare_interpreter.options(_LOAD)]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"


def test_its_requirements_are_those_of_the_platform_where_both_have_one() -> None:
    platform = set(requirements("requirements.txt"))
    names = {name_of(line) for line in platform}
    shared = {line for line in requirements("workers/requirements.txt") if name_of(line) in names}
    assert shared <= platform
    assert "-r workers/requirements.txt" in (tree.ROOT / "requirements-worker.txt").read_text("utf-8")


def test_it_installs_every_package_template_and_schema() -> None:
    folders = {path.parent for path in _FOLDER.rglob("*.py")}
    packages = {".".join(folder.relative_to(tree.ROOT).parts) for folder in folders}
    assert set(_PACKAGE["tool"]["setuptools"]["packages"]) == packages
    data = {path for path in _FOLDER.rglob("*.txt") if path.name != "requirements.txt"}
    data |= {*_FOLDER.rglob("*.json"), *_FOLDER.rglob("py.typed")}
    listed = _PACKAGE["tool"]["setuptools"]["package-data"]
    covered = {
        path
        for package, patterns in listed.items()
        for folder in (folders if package == "*" else [tree.ROOT / package.replace(".", "/")])
        for pattern in patterns
        for path in folder.glob(pattern)
    }
    assert data == covered
