"""Which process plugins there are."""

import logging
from pathlib import Path

import pytest

from tests.fakes.plugin_package import installed
from workers.processes.registry import plugins

_OURS = {"SimpleShellProcessPlugin", "UselessProcessPlugin", "RasterSubsetPlugin", "ArchivePlugin"}


def test_it_has_ours() -> None:
    assert set(plugins()) == _OURS


def test_it_finds_those_of_installed_packages(tmp_path: Path) -> None:
    with installed(tmp_path, vault="Vault"):
        assert plugins()["Vault"].metadata.version == "2.0"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("Missing", "AttributeError"),
        ("no_plugin", "no subclass of ProcessPlugin"),
        ("Copy", "already a plugin"),
    ],
)
def test_it_leaves_out_what_it_cannot_use_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, target: str, reason: str
) -> None:
    with installed(tmp_path, a_vault="Vault", bad=target), caplog.at_level(logging.ERROR):
        assert set(plugins()) == _OURS | {"Vault"}
    assert reason in vars(caplog.records[-1])["reason"]
