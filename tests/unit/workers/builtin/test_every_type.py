"""What every built-in worker type has: a README, a schema, words for a wrong body, and closed folders."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.architecture import tree
from workers.commands.command_line import main
from workers.sdk import InvalidContent
from workers.sdk.declare import WorkerType
from workers.sdk.loading import builtin_types, load_types
from workers.sdk.testing import run_once


def _declared(name: str) -> WorkerType:
    (entry,) = load_types(types=[name], modules=[])
    return entry


def _schema(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["schema", name]) == 0
    schema: dict[str, Any] = json.loads(capsys.readouterr().out)["takes"]
    return schema


@pytest.mark.parametrize("name", builtin_types())
def test_it_has_a_schema_whose_every_field_is_typed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    schema = _schema(name, capsys)
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert schema["description"]
    assert schema["properties"]


@pytest.mark.parametrize("name", builtin_types())
@pytest.mark.parametrize("content", [b"", b"[]", b"no JSON", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_it_refuses_what_is_no_object(name: str, content: bytes) -> None:
    with pytest.raises(InvalidContent, match=r"^The content (is|must be) "):
        run_once(_declared(name).run, content=content)


@pytest.mark.parametrize("name", builtin_types())
def test_it_names_each_field_that_is_wrong(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    fields = list(_schema(name, capsys)["properties"])
    content = json.dumps({field: [[]] for field in fields}).encode()
    with pytest.raises(InvalidContent) as caught:
        run_once(_declared(name).run, content=content)
    told = re.findall(r"(?:^|; )(\w+)", caught.value.message)
    assert set(told) & set(fields)


@pytest.mark.parametrize("name", builtin_types())
def test_it_has_a_readme_and_a_line_in_that_of_the_workers(name: str) -> None:
    readme = f"builtin/{name.replace('-', '_')}/README.md"
    assert tree.ROOT.joinpath("workers", readme).read_text("utf-8").startswith(f"# {name}\n")
    assert f"[`{name}`]({readme})" in tree.ROOT.joinpath("workers", "README.md").read_text("utf-8")


def _stac_item(url: str) -> dict[str, Any]:
    return {"type": "Feature", "id": "x", "assets": {"a": {"type": "application/netcdf", "href": url}}}


def _execution(url: str) -> dict[str, Any]:
    plugin = {"pluginId": "UselessProcessPlugin", "version": "1.0.0-SNAPSHOT", "parameters": {}}
    return {
        "executionId": "x",
        "batchCorrelationId": "x",
        "plugin": plugin,
        "cardinality": "ONE_PER_EXECUTION",
        "inputFiles": [{"localRelativePath": "a", "url": url}],
    }


#: A body of each type that is right but for the file that it names.
_BODIES: dict[str, Callable[[str], dict[str, Any]]] = {
    "cloud-optimised-geotiff": lambda url: {"url": url},
    "digest": lambda url: {"url": url},
    "extract-archive": lambda url: {"url": url},
    "file-deletion": lambda url: {"urls": [url]},
    "local-storage-worker": lambda url: {"url": url, "parameters": {"fileNamingStrategy": "FILENAME"}},
    "netcdf-metadata": lambda url: {"files": [{"url": url}]},
    "quicklook": _stac_item,
    "raster-metadata": lambda url: {"files": [{"url": url}]},
    "run-process": _execution,
    "storage-transfer": lambda url: {"files": [{"source": url, "target": "/storage/x"}]},
}


def _told(name: str, url: str, *, storage: Path) -> str:
    """Return why a request is refused, or what is answered."""
    content = json.dumps(_BODIES[name](url)).encode()
    try:
        answer = run_once(
            _declared(name).run, content=content, content_type="store-local", storage=storage, tenant="mine"
        )
    except InvalidContent as error:
        return error.message
    return answer.content.decode()


@pytest.mark.parametrize("name", builtin_types())
@pytest.mark.parametrize("place", ["outside.bin", "storage/theirs/a.bin", "storage/mine/../theirs/a.bin"])
def test_it_touches_no_file_outside_its_folders(name: str, place: str, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    for folder in ("theirs", "mine"):
        storage.joinpath(folder).mkdir(parents=True)
    file = tmp_path / place
    file.write_bytes(b"secret")
    assert "outside the folders this worker may" in _told(name, str(file), storage=storage)
    assert file.read_bytes() == b"secret"


@pytest.mark.parametrize("name", builtin_types())
def test_it_follows_no_link_to_a_folder_outside(name: str, tmp_path: Path) -> None:
    storage, elsewhere = tmp_path / "storage" / "mine", tmp_path / "elsewhere"
    storage.mkdir(parents=True)
    elsewhere.mkdir()
    file = elsewhere / "a.bin"
    file.write_bytes(b"secret")
    storage.joinpath("link").symlink_to(elsewhere)
    told = _told(name, str(storage / "link" / "a.bin"), storage=tmp_path / "storage")
    assert "outside the folders this worker may" in told
    assert file.read_bytes() == b"secret"
