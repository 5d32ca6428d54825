"""What the worker manager exports configures the same, wherever it is imported."""

import io
import itertools
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.configuration.envelope import to_text
from regards_processing.kernel.configuration.faults import Value
from regards_processing.kernel.configuration.file_schema import file_schema
from regards_processing.kernel.configuration.services import export_configuration
from regards_processing.kernel.dynamic_settings.services import change_setting
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.audit import ADA
from tests.factories.configuration_files import (
    Item,
    a_file,
    a_setting,
    a_worker,
    a_workflow_item,
    import_file,
    import_items,
)
from tests.factories.worker_manager import AT, a_tenant
from worker_manager.module import KEPT, MODULE

pytestmark = pytest.mark.django_db

_SCHEMA = Draft202012Validator(file_schema(MODULE))
_names = itertools.count()

# Few names, so that items get in each other's way: what an import refuses must not come out either.
_NAMES = st.sampled_from(["a", "b", "c", "A", "é", "ß", "%", '"'])
_WORKERS = st.builds(
    a_worker,
    _NAMES,
    inputs=st.lists(_NAMES, min_size=1, max_size=3),
    contentTypeOutput=st.none() | _NAMES,
    keepErrors=st.booleans(),
    policy=st.none() | st.sampled_from([{}, {"backoff": {}}, {"maxAttempts": 3.0, "retryOn": ["ERROR"]}]),
)
_STEPS = st.lists(
    st.tuples(st.integers(0, 4), _NAMES | st.lists(_NAMES, min_size=2, max_size=3)), min_size=1, max_size=3
)
_WORKFLOWS = st.builds(
    lambda name, steps, keep: a_workflow_item(name, *steps, keepHeaders=keep),
    _NAMES | st.just("wf"),
    _STEPS,
    st.booleans(),
)
_SETTINGS = st.builds(lambda names: a_setting(*names), st.lists(_NAMES, max_size=2))
_ITEMS = st.lists(_WORKERS | _WORKFLOWS | _SETTINGS, max_size=12)


def _export(tenant: Tenant) -> Value:
    return export_configuration(module=MODULE, tenant=tenant, actor=ADA, at=AT)


def _reimport(file: Value) -> tuple[list[str], Value]:
    """Import a file into a new tenant; return the errors and what that one exports."""
    tenant = a_tenant(name=f"copy-{next(_names)}")
    (report,) = import_file(tenant, to_text(file).encode())
    return report.errors, _export(tenant)


@settings(max_examples=40)
@given(items=_ITEMS)
def test_it_exports_what_can_be_imported_again(items: list[Item]) -> None:
    tenant = a_tenant(name=f"demo-{next(_names)}")
    import_file(tenant, a_file(*items))
    file = _export(tenant)
    assert _SCHEMA.is_valid(file)
    assert _reimport(file) == ([], file)
    assert import_file(tenant, to_text(file).encode())[0].errors == []
    assert _export(tenant) == file


def test_it_exports_everything_in_one_order() -> None:
    tenant = a_tenant()
    import_items(
        tenant,
        a_workflow_item("wf-b", (2, "sip"), (1, "unzip"), keepErrors=False),
        a_workflow_item("wf-a", (1, "unzip")),
        a_worker("unzip", inputs=["zip", "tar"], contentTypeOutput="tree"),
        a_worker("sip", inputs=["tree"], contentTypeOutput="sip", keepErrors=False),
        a_worker("mute"),
        a_setting("noise"),
    )
    (part,) = _export(tenant)["modules"]
    setting, *others = [item["value"] for item in part["configuration"]]
    assert part["resetBeforeImport"] is False
    assert setting == {
        "name": "skipContentTypes",
        "description": "List of content-types to ignore for requests dispatch.",
        "value": '["noise"]',
        "defaultValue": "[]",
        "className": "java.util.ArrayList",
        "containsSensitiveParameters": False,
    }
    assert others == [
        {"workerType": "mute", "contentTypeInputs": ["unzip"], "keepErrors": True},
        {"workerType": "sip", "contentTypeInputs": ["tree"], "contentTypeOutput": "sip", "keepErrors": False},
        {
            "workerType": "unzip",
            "contentTypeInputs": ["tar", "zip"],
            "contentTypeOutput": "tree",
            "keepErrors": True,
        },
        {"workflowType": "wf-a", "steps": [{"stepNumber": 1, "workerType": "unzip"}], "keepErrors": True},
        {
            "workflowType": "wf-b",
            "steps": [{"stepNumber": 1, "workerType": "unzip"}, {"stepNumber": 2, "workerType": "sip"}],
            "keepErrors": False,
        },
    ]


def test_it_exports_one_tenant_only() -> None:
    import_items(
        a_tenant(name="other"), a_worker("unzip", contentTypeOutput="x"), a_workflow_item("wf", (1, "unzip"))
    )
    (part,) = _export(a_tenant())["modules"]
    assert len(part["configuration"]) == 1


def test_it_exports_a_setting_that_regards_does_not_know_only_where_it_was_changed() -> None:
    change_setting(tenant=(tenant := a_tenant()), definition=KEPT, value=3600, actor=ADA, at=AT)
    (part,) = _export(tenant)["modules"]
    values = {item["value"]["name"]: item["value"]["value"] for item in part["configuration"]}
    assert values == {"skipContentTypes": "[]", "historyKeptSeconds": "3600"}
    assert _reimport(_export(tenant)) == ([], _export(tenant))


def test_its_command_writes_a_file_to_import(tmp_path: Path) -> None:
    import_items(a_tenant(), a_worker("unzip"))
    a_tenant(name="other")
    file = str(tmp_path / "config.json")
    call_command("export_configuration", tenant="demo", output=file)
    call_command("import_configuration", file, tenant="other", stdout=(out := io.StringIO()))
    assert out.getvalue() == "2 of 2 items imported\n"
    assert AuditEntry.objects.filter(action="configuration.exported", origin="COMMAND").count() == 1


def test_its_command_writes_to_standard_output() -> None:
    import_items(a_tenant(), a_worker("unzip"))
    call_command("export_configuration", tenant="demo", stdout=(out := io.StringIO()))
    assert _SCHEMA.is_valid(json.loads(out.getvalue()))


def test_its_command_writes_the_schema() -> None:
    call_command("export_configuration", "--schema", stdout=(out := io.StringIO()))
    assert json.loads(out.getvalue()) == file_schema(MODULE)


def test_its_command_says_which_file_cannot_be_written(tmp_path: Path) -> None:
    a_tenant()
    with pytest.raises(CommandError, match=r"absent/config\.json cannot be written: No such file"):
        call_command("export_configuration", tenant="demo", output=str(tmp_path / "absent" / "config.json"))


def test_its_command_says_how_to_make_a_missing_tenant() -> None:
    with pytest.raises(CommandError, match=r"`manage\.py create_tenant nobody` makes it"):
        call_command("export_configuration", tenant="nobody")
