"""`manage.py import_configuration` says what it did."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from tests.factories.configuration_files import Item, a_file, a_worker, a_workflow_item
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow
from worker_manager.models import WorkerType

pytestmark = pytest.mark.django_db


def _run(folder: Path, *items: Item, tenant: str = "demo") -> tuple[str, str]:
    (folder / "config.json").write_bytes(a_file(*items))
    out, err = io.StringIO(), io.StringIO()
    call_command("import_configuration", str(folder / "config.json"), tenant=tenant, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def _run_on_screen(folder: Path, *items: Item, **options: bool) -> None:
    (folder / "config.json").write_bytes(a_file(*items))
    call_command("import_configuration", str(folder / "config.json"), tenant="demo", no_color=True, **options)


def test_it_imports_a_file(tmp_path: Path) -> None:
    a_tenant()
    assert _run(tmp_path, a_worker("unzip")) == ("1 of 1 items imported\n", "")
    assert every(WorkerType).get().tenant.name == "demo"


def test_it_fails_when_an_item_is_refused(tmp_path: Path) -> None:
    a_tenant()
    with pytest.raises(SystemExit) as ended:
        _run(tmp_path, a_worker("unzip"), a_worker(""))
    assert (ended.value.code, every(WorkerType).count()) == (1, 1)


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


def test_it_says_of_each_refused_item_where_it_is_and_what_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_tenant()
    items = [a_worker("unzip"), a_worker("sip", inputs=["x", "y" * 256]), a_workflow_item("wf", (1, "zip"))]
    with pytest.raises(SystemExit):
        _run_on_screen(tmp_path, *items)
    out, err = capsys.readouterr()
    assert out == "1 of 3 items imported\n"
    assert err == (
        "modules[0].configuration[1].value.contentTypeInputs[1] (WorkerConfigDto): "
        "[Size] contentTypeInputs[1] is limited to 255 characters at contentTypeInputs[1]: "
        f"rejected value [{'y' * 256}]. "
        "Allowed: a text of at most 255 characters.\n"
        "modules[0].configuration[2].value.steps (WorkflowConfigDto): "
        '[NotExistingWorkerError - wf]: worker "zip" configured at step 1 does not exist.\n'
        "You can only configure a worker type that is already registered. "
        "Allowed: configured worker types, which are unzip.\n"
    )


def test_it_checks_against_what_is_configured_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_worker_type(a_tenant(), worker_type="owner", inputs=["zip"])
    with pytest.raises(SystemExit) as ended:
        _run_on_screen(tmp_path, a_worker("a", inputs=["zip"]), a_worker("b", inputs=["tar"]), check=True)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "1 of 2 items would be imported\n")
    assert "contentType [zip] which are already used by [owner]" in err
    assert list(every(WorkerType).values_list("worker_type", flat=True)) == ["owner"]
    assert not AuditEntry.objects.exists()


def test_it_checks_a_file_that_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_tenant()
    _run_on_screen(tmp_path, a_worker("a"), check=True)
    assert capsys.readouterr() == ("1 of 1 items would be imported\n", "")
    assert not every(WorkerType).exists()


def test_it_warns_of_what_it_passes_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tenant = a_tenant()
    a_workflow(tenant, steps={1: "gone"})
    _run_on_screen(tmp_path)
    out, err = capsys.readouterr()
    assert out == "0 of 0 items imported\n"
    assert err.startswith('warning: [NotExistingWorkerError - ingest]: worker "gone"')


def test_it_warns_of_fields_that_are_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_tenant()
    _run_on_screen(tmp_path, a_worker("a", keepError=False, maxInFlght=3))
    out, err = capsys.readouterr()
    assert out == "1 of 1 items imported\n"
    assert [line.partition(". Known: workerType, ")[0] for line in err.splitlines()] == [
        "warning: Item 0: keepError is not known, and passed over",
        "warning: Item 0: maxInFlght is not known, and passed over",
    ]


def test_it_fails_on_a_module_that_no_service_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_tenant()
    (tmp_path / "config.json").write_bytes(a_file(a_worker("a"), module="workermanagr"))
    with pytest.raises(SystemExit) as ended:
        call_command("import_configuration", str(tmp_path / "config.json"), tenant="demo", no_color=True)
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert (out, first) == ("0 of 0 items imported\n", "The file has no module workermanager")
    assert second.startswith("modules[0].module.id: 'workermanagr' is of no service, and passed over.")
    assert second.endswith(" Allowed: processing, workermanager")


def test_it_says_when_the_file_is_another_services(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_tenant()
    (tmp_path / "config.json").write_bytes(a_file(module="processing"))
    call_command("import_configuration", str(tmp_path / "config.json"), tenant="demo")
    assert capsys.readouterr() == ("0 of 0 items imported\n", "The file has no module workermanager\n")


def test_it_says_that_a_service_has_nothing_to_configure(tmp_path: Path, settings: Settings) -> None:
    settings.CONFIGURATION_MODULES = []
    with pytest.raises(CommandError, match="rs-processing has nothing that a configuration file could hold"):
        call_command("import_configuration", str(tmp_path / "any.json"), service="rs-processing")


def test_it_leaves_a_trace(tmp_path: Path) -> None:
    a_tenant()
    _run(tmp_path, a_worker("unzip"))
    entry = AuditEntry.objects.get()
    assert (entry.origin, entry.action, entry.target) == (
        "COMMAND",
        "configuration.imported",
        "rs-worker-manager",
    )
