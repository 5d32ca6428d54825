"""`manage.py import_configuration` says what it did."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories.configuration_files import Item, a_file, a_worker
from tests.factories.worker_manager import a_tenant
from worker_manager.models import WorkerType

pytestmark = pytest.mark.django_db


def _run(folder: Path, *items: Item, tenant: str = "demo") -> tuple[str, str]:
    (folder / "config.json").write_bytes(a_file(*items))
    out, err = io.StringIO(), io.StringIO()
    call_command("import_configuration", str(folder / "config.json"), tenant=tenant, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_imports_a_file(tmp_path: Path) -> None:
    a_tenant()
    assert _run(tmp_path, a_worker("unzip")) == ("1 of 1 items imported\n", "")
    assert WorkerType.objects.get().tenant.name == "demo"


def test_it_fails_when_an_item_is_refused(tmp_path: Path) -> None:
    a_tenant()
    with pytest.raises(SystemExit) as ended:
        _run(tmp_path, a_worker("unzip"), a_worker(""))
    assert (ended.value.code, WorkerType.objects.count()) == (1, 1)


def test_it_says_how_to_make_a_missing_tenant(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"`manage\.py create_tenant nobody` makes it"):
        _run(tmp_path, tenant="nobody")


def test_it_says_which_file_cannot_be_read(tmp_path: Path) -> None:
    a_tenant()
    with pytest.raises(CommandError, match=r"absent\.json cannot be read"):
        call_command("import_configuration", str(tmp_path / "absent.json"), tenant="demo")


def test_it_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    a_tenant()
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(CommandError, match="not JSON"):
        call_command("import_configuration", str(tmp_path / "bad.json"), tenant="demo")


def test_it_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    a_tenant()
    given = io.TextIOWrapper(io.BytesIO(a_file(a_worker("unzip"))))
    monkeypatch.setattr("sys.stdin", given)
    out = io.StringIO()
    call_command("import_configuration", "-", tenant="demo", stdout=out)
    assert out.getvalue() == "1 of 1 items imported\n"
