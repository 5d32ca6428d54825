"""What is exported can be imported again."""

import pytest
from jsonschema import Draft202012Validator

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.configuration.envelope import to_text
from regards_processing.kernel.configuration.faults import Value
from regards_processing.kernel.configuration.file_schema import file_schema
from regards_processing.kernel.configuration.services import export_configuration, import_configuration
from regards_processing.kernel.dynamic_settings.services import change_setting
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.audit import ADA
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.configured_service import GREETING, MODULE, NOTE_KEY, PASSWORD, a_note

pytestmark = pytest.mark.django_db


def _export(tenant: Tenant) -> Value:
    return export_configuration(module=MODULE, tenant=tenant, actor=ADA, at=AT)


def _import(tenant: Tenant, file: Value) -> list[str]:
    document = to_text(file).encode()
    (report,) = import_configuration(module=MODULE, tenant=tenant, document=document, actor=ADA, at=AT)
    return report.errors


def _filled() -> Tenant:
    tenant = a_tenant()
    change_setting(tenant=tenant, definition=GREETING, value="salut à tous", actor=ADA, at=AT)
    change_setting(tenant=tenant, definition=PASSWORD, value="secret", actor=ADA, at=AT)
    _import(
        tenant, {"modules": [{"module": {"id": "processing"}, "configuration": [a_note("b"), a_note("a")]}]}
    )
    return tenant


def test_it_says_whose_configuration_it_is() -> None:
    (part,) = _export(a_tenant())["modules"]
    assert part["module"] == {
        "id": "processing",
        "name": "Fake module",
        "description": "For tests",
        "version": "1.2.3",
        "author": "nobody",
        "legalOwner": "nobody",
        "documentation": "none",
    }
    assert part["resetBeforeImport"] is True


def test_it_exports_settings_first_with_values_inside_strings() -> None:
    file = _export(_filled())
    greeting, password, *notes = file["modules"][0]["configuration"]
    assert greeting["value"] == {
        "name": "greeting",
        "description": "How to begin.",
        "value": '"salut à tous"',
        "defaultValue": '"hello"',
        "className": "java.lang.String",
        "containsSensitiveParameters": False,
    }
    assert (password["value"]["value"], password["value"]["containsSensitiveParameters"]) == (
        '"secret"',
        True,
    )
    assert notes == [{"key": NOTE_KEY, "value": {"name": name, "text": "text"}} for name in ("a", "b")]


def test_it_can_be_imported_into_another_tenant() -> None:
    tenant, other = _filled(), a_tenant(name="other")
    file = _export(tenant)
    assert _import(other, file) == []
    assert _export(other) == file


def test_it_fits_the_schema() -> None:
    assert list(Draft202012Validator(file_schema(MODULE)).iter_errors(_export(_filled()))) == []


def test_it_leaves_a_trace() -> None:
    _export(a_tenant())
    entry = AuditEntry.objects.get(action="configuration.exported")
    assert (entry.tenant, entry.target, entry.details) == ("demo", "rs-processing", {"items": 2})
