import sys
from pathlib import Path

import pytest

from workers.sdk.errors import ConfigurationError, UnknownWorkerType
from workers.sdk.loading import builtin_types, load_types


def test_it_knows_the_built_in_types_without_importing_them() -> None:
    assert "quicklook" in builtin_types()


def test_it_loads_types_of_other_modules_in_the_order_asked_for_and_once() -> None:
    module = "tests.unit.workers.sdk.two_types"
    types = load_types(types=["two", "one", "two"], modules=[module])
    assert [entry.name for entry in types] == ["two", "one"]
    assert module in sys.modules


def test_it_finds_modules_where_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "types_of_my_own.py").write_text(
        "from workers.sdk import worker_type\nworker_type('of-my-own', version='1')(print)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    types = load_types(types=["of-my-own"], modules=["types_of_my_own"])
    assert [entry.name for entry in types] == ["of-my-own"]


def test_it_lists_what_it_knows_when_asked_for_nothing() -> None:
    with pytest.raises(
        UnknownWorkerType, match=r"No worker type to run: give --types or WORKER_TYPES; known: .*quick"
    ):
        load_types(types=[], modules=[])


@pytest.mark.parametrize("name", ["nobody", "QUICKLOOK", "../quicklook", "quick.look"])
def test_it_lists_what_it_knows_when_asked_for_a_stranger(name: str) -> None:
    with pytest.raises(UnknownWorkerType, match=r"Unknown worker type .*; known: .*quicklook"):
        load_types(types=[name], modules=[])


def test_it_names_the_module_that_cannot_be_imported() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"WORKER_MODULES: module 'no.such' cannot be imported: ModuleNotFoundError: No module",
    ):
        load_types(types=["x"], modules=["no.such"])


def test_it_says_what_is_missing_where_the_module_lies_in_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "greet_in_a_folder"
    folder.mkdir()
    (folder / "greet_in_a_folder.py").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigurationError,
        match=rf"'greet_in_a_folder' is a folder without code of its own, {folder}; .* PYTHONPATH",
    ):
        load_types(types=["x"], modules=["greet_in_a_folder"])
