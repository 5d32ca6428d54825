"""``python -m workers new TYPE``: a worker type that works, to be changed."""

import keyword
import re
import shlex
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final

from workers.sdk.declare import NAME
from workers.sdk.errors import ConfigurationError

_TEMPLATES: Final = Path(__file__).parent / "templates"


def run(options: Namespace) -> int:
    """Write the files, and say what to do next."""
    module = module_name(options.type)
    folder = options.folder or Path(module)
    for path in write(worker_type=options.type, module=module, folder=folder):
        sys.stdout.write(f"{path}\n")
    sys.stderr.write(
        f"Now: python -m pytest {_quoted(folder)}\n"
        f"Run: PYTHONPATH={_quoted(folder)} WORKER_MODULES={module} "
        f"celery -A workers worker --types {options.type}\n"
    )
    return 0


def module_name(worker_type: str) -> str:
    """Return the name of the module of a worker type.

    Raises:
        ConfigurationError: there can be no such worker type.
    """
    if not NAME.fullmatch(worker_type):
        raise ConfigurationError(
            f"{worker_type!r} is no name of a worker type: 1 to 128 letters, digits, '.', '-' or '_' are "
            "allowed, and it must start with a letter or digit"
        )
    name = re.sub(r"[^a-z0-9]+", "_", worker_type.lower()).strip("_")
    # A module of the library, or a word of the language, would be found in its place.
    taken = name == "workers" or name in sys.stdlib_module_names
    usable = name.isidentifier() and not keyword.iskeyword(name) and not taken
    return name if usable else f"worker_{name}"


def write(*, worker_type: str, module: str, folder: Path) -> list[Path]:
    """Write the files of a new worker type and return their paths.

    Raises:
        ConfigurationError: the folder holds something, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} exists already; --folder names another place")
    words = {"type": worker_type, "module": module, "folder": _quoted(folder)}
    files = {
        f"{module}.py": "worker.py.txt",
        f"test_{module}.py": "test_worker.py.txt",
        "README.md": "README.md.txt",
        # Its own: pytest would take that of a project around it, with options and paths of others.
        "pytest.ini": "pytest.ini.txt",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_written(folder / name, template, words) for name, template in files.items()]
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}") from error


def _quoted(folder: Path) -> str:
    """Return a folder as a shell takes it."""
    return shlex.quote(str(folder))


def _written(path: Path, template: str, words: Mapping[str, str]) -> Path:
    text = Template(_TEMPLATES.joinpath(template).read_text("utf-8")).substitute(words)
    path.write_text(text, encoding="utf-8")
    return path
