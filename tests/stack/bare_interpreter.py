"""An interpreter in which only the packages can be found that the requirements of workers bring along."""

import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata

from tests.stack.process import ROOT

_REFUSE = """
import sys
refused = set({refused!r})
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError("not among the requirements: " + name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, {root!r})
"""


def options(script: str) -> list[str]:
    """Return the options of Python that run a script there."""
    begin = _REFUSE.format(refused=sorted(refused_modules()), root=str(ROOT))
    return ["-I", "-c", begin + script]


def refused_modules() -> set[str]:
    """Return the modules that are installed here, and that no requirement of workers brings along."""
    needed = _closure()
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if needed.isdisjoint(_canonical(owner) for owner in owners)
    }


def requirements(name: str) -> Iterator[str]:
    """Yield the requirements that a file lists itself."""
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "-")):
            yield line


def name_of(requirement: str) -> str:
    """Return the name of the package."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found[0]


def _closure() -> set[str]:
    found: set[str] = set()
    waiting = [name_of(line) for line in requirements("workers/requirements.txt")]
    while waiting:
        name = _canonical(waiting.pop())
        if name not in found:
            found.add(name)
            # Some are for other systems, and not installed on this one.
            with suppress(metadata.PackageNotFoundError):
                waiting += [name_of(one) for one in metadata.requires(name) or () if "extra ==" not in one]
    return found


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
