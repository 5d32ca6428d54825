"""The packages of the worker in JavaScript: exact versions, from whatever registry the machine uses."""

import json

from tests.architecture.tree import ROOT

_FOLDER = ROOT / "tests" / "acceptance" / "javascript"


def test_every_package_has_one_version_and_a_checksum_but_no_address() -> None:
    lock = (_FOLDER / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: one for name, one in json.loads(lock)["packages"].items() if name}
    wanted = json.loads((_FOLDER / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {f"node_modules/{name}": version for name, version in wanted.items()}.items() <= {
        name: one["version"] for name, one in packages.items()
    }.items()
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert "://" not in lock
