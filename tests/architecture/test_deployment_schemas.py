"""The files of `deploy/` are what their tools expect: by schema, by linter, by systemd itself."""

import json
import shutil
import subprocess
import sysconfig
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from tests.architecture import deployment_files
from tests.architecture.tree import ROOT

#: The oldest and the newest release that the schemas know and that are likely to be in use.
_KUBERNETES = ("1.29", "1.37")
#: Where the units expect the checkout and its virtual environment.
_INSTALLED, _ENVIRONMENT = "/opt/regards", "/opt/regards/.venv/bin"
#: systemd's figure for what a unit may do, of 100; an unconfined one has 96.
_MOST_EXPOSURE = 25


def _title(manifest: Any) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


@pytest.mark.parametrize("version", _KUBERNETES)
@pytest.mark.parametrize("manifest", deployment_files.manifests(), ids=_title)
def test_kubernetes_knows_every_field_of_a_manifest(manifest: Any, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_a_misspelt_field_would_be_found() -> None:
    manifest = next(found for found in deployment_files.manifests() if found["kind"] == "Service")
    manifest["spec"]["prots"] = manifest["spec"].pop("ports")
    with pytest.raises(kubernetes_validate.ValidationError, match="prots"):
        kubernetes_validate.validate(manifest, _KUBERNETES[-1], strict=True)


def test_the_compose_file_follows_the_compose_specification() -> None:
    schema = resources.files("check_jsonschema.builtin_schemas.vendor") / "compose-spec.json"
    jsonschema.validate(deployment_files.compose(), json.loads(schema.read_text("utf-8")))


def test_the_linter_has_nothing_to_say_about_the_containerfile() -> None:
    linter = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run(
        [linter, "--no-color", "--failure-threshold", "style", deployment_files.CONTAINERFILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def _units_of_this_checkout(folder: Path) -> list[Path]:
    """Copy the units, with the paths of this checkout in place of the installed one; return the services."""
    shutil.copytree(deployment_files.UNITS, folder)
    for unit in folder.glob("*.service"):
        text = unit.read_text("utf-8")
        text = text.replace(_ENVIRONMENT, sysconfig.get_path("scripts")).replace(_INSTALLED, str(ROOT))
        unit.write_text(text)
    return [_instance(unit) for unit in sorted(folder.glob("*.service"))]


def _instance(unit: Path) -> Path:
    """Return an instance of a template, and anything else as it is."""
    if not unit.stem.endswith("@"):
        return unit
    instance = unit.with_name(f"{unit.stem}01.service")
    instance.symlink_to(unit.name)
    return instance


@pytest.mark.systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    units = _units_of_this_checkout(tmp_path / "units")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units, tmp_path / "units" / "regards.target"],
        capture_output=True,
        text=True,
        check=False,
    )
    # It also tells what it thinks of the units of this machine.
    about_ours = [line for line in (done.stdout + done.stderr).splitlines() if "regards" in line]
    assert (done.returncode, about_ours) == (0, [])


@pytest.mark.systemd
def test_every_unit_is_confined(tmp_path: Path) -> None:
    units = _units_of_this_checkout(tmp_path / "units")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={_MOST_EXPOSURE}", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
