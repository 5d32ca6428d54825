import json

import pytest

from workers.commands.command_line import main

_FLOWS = "tests.unit.workers.commands.flows"


def test_its_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "python -m workers new shout" in text
    assert "PYTHONPATH=shout WORKER_MODULES=shout celery" in text
    assert "examples:" in text


def test_it_lists_types_with_what_they_take_and_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--modules", _FLOWS]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["type", "version", "takes", "makes", "bulk", "module"]
    assert ["flow-unpack", "1.0", "Delivery", "Files", "1", _FLOWS] in rows
    assert ["flow-footprint", "2", "any", "content", "any", "content", "50", _FLOWS] in rows
    assert "quicklook" in [row[0] for row in rows]


def test_it_lists_them_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json", "--modules", _FLOWS]) == 0
    assert "flow-silent" in {row["type"] for row in json.loads(capsys.readouterr().out)}


def test_it_writes_the_schema_of_a_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "flow-unpack", "--modules", _FLOWS]) == 0
    described = json.loads(capsys.readouterr().out)
    assert (described["type"], described["version"]) == ("flow-unpack", "1.0")
    assert described["takes"]["properties"]["archive"]["type"] == "string"
    assert described["makes"]["required"] == ["paths"]


def test_it_says_that_a_type_takes_anything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "flow-silent", "--modules", _FLOWS]) == 0
    assert json.loads(capsys.readouterr().out)["takes"] is None


def test_it_says_in_one_line_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "nobody", "--modules", _FLOWS]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("python -m workers: Unknown worker type 'nobody'; known: ")


def test_it_refuses_an_environment_that_makes_no_sense(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKER_PREFETCH", "many")
    assert main(["list"]) == 1
    assert "WORKER_PREFETCH='many'" in capsys.readouterr().err


def test_it_writes_the_schema_that_a_type_without_a_model_declares(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["schema", "quicklook"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["takes"]["title"] == "Body of quicklook"
    assert described["makes"] is None
    assert main(["list"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["quicklook", "1.0", "body.schema.json"] in [row[:3] for row in rows]
