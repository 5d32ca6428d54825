"""A file is imported module by module, kind by kind, with the rules that hold for every service."""

import json
from typing import Any

import pytest
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.configuration.report import ImportReport
from regards_processing.kernel.configuration.services import check_configuration, import_configuration
from regards_processing.kernel.dynamic_settings.services import read_settings
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.audit import ADA
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.configured_service import GREETING, MODULE, PATH, a_note, a_setting, notes_of
from worker_manager.configuration.worker_items import KEY as WORKER_KEY

pytestmark = pytest.mark.django_db


def _file(*modules: dict[str, Any]) -> bytes:
    return json.dumps(
        {"modules": [{"module": {"id": "processing"}, **fields} for fields in modules]}
    ).encode()


def _import(tenant: Tenant, *items: object, reset: bool = False) -> ImportReport:
    document = _file({"configuration": items, "resetBeforeImport": reset})
    (report,) = import_configuration(module=MODULE, tenant=tenant, document=document, actor=ADA, at=AT)
    return report


def _check(tenant: Tenant, *items: object, reset: bool = False) -> ImportReport:
    document = _file({"configuration": items, "resetBeforeImport": reset})
    (report,) = check_configuration(module=MODULE, tenant=tenant, document=document, at=AT)
    return report


def _greeting(tenant: Tenant) -> object:
    return read_settings(tenant=tenant, definitions=[GREETING])[0].value


def test_it_stores_the_valid_items_beside_the_others() -> None:
    tenant = a_tenant()
    report = _import(tenant, a_note("a"), a_note(7), a_note("b", "refused"), a_note("c"))
    assert (report.imported, report.total, report.only_errors) == (2, 4, False)
    assert report.errors == ["name is no text", "b does not fit"]
    assert set(notes_of(tenant)) == {"a", "c"}


def test_it_takes_an_empty_module_for_a_success() -> None:
    report = _import(a_tenant())
    assert (report.errors, report.only_errors) == ([], False)


def test_it_imports_into_one_tenant() -> None:
    tenant, other = a_tenant(), a_tenant(name="other")
    _import(tenant, a_note("a"), a_setting("greeting", "hi"))
    assert (notes_of(other), _greeting(other)) == ({}, "hello")


def test_it_erases_before_it_imports_and_tells_what_had_to_stay() -> None:
    tenant = a_tenant()
    _import(tenant, a_note("a"), a_note("b", "used"), a_setting("greeting", "hi"))
    report = _import(tenant, a_note("c"), reset=True)
    assert (report.errors, report.only_errors) == (["b is in use"], False)
    assert (set(notes_of(tenant)), _greeting(tenant)) == ({"b", "c"}, "hello")


def test_it_sets_settings_before_other_items() -> None:
    tenant = a_tenant()
    report = _import(tenant, a_note("a", "hi"), a_setting("greeting", "hi"))
    assert (report.errors, _greeting(tenant)) == ([], "hi")


def test_it_tries_settings_again_when_other_items_have_moved_on() -> None:
    tenant = a_tenant()
    _import(tenant, a_note("a", "hi"))
    assert _import(tenant, a_setting("greeting", "hi")).errors == [
        "Failed to import dynamic tenant setting with name 'greeting'. Cause: hi is the text of a note"
    ]
    report = _import(tenant, a_setting("greeting", "hi"), a_note("a", "moved on"))
    assert (report.errors, report.imported, _greeting(tenant)) == ([], 2, "hi")


def test_it_refuses_a_setting_that_cannot_be_changed() -> None:
    report = _import(a_tenant(), a_setting("fixed", [2]))
    assert report.errors == [
        "Failed to import dynamic tenant setting with name 'fixed'. Cause: Setting fixed cannot be changed"
    ]


def test_it_passes_over_items_of_other_services(settings: Settings) -> None:
    settings.CONFIGURATION_MODULES = [PATH, "worker_manager.module.MODULE"]
    report = _import(a_tenant(), {"key": WORKER_KEY, "value": {}}, a_note("a"))
    assert (report.errors, report.imported) == ([], 1)
    assert report.warnings == [f"Item 0 is passed over: its key {WORKER_KEY} belongs to rs-worker-manager"]


def test_it_passes_warnings_on() -> None:
    report = _import(a_tenant(), a_note("a", "odd"))
    assert (report.errors, report.warnings) == ([], ["a is odd"])


def test_it_reports_each_module_of_the_file() -> None:
    tenant = a_tenant()
    document = _file({"configuration": [a_note("a")]}, {}, {"configuration": [a_note(7)]})
    reports = import_configuration(module=MODULE, tenant=tenant, document=document, actor=ADA, at=AT)
    assert [report.only_errors for report in reports] == [False, False, True]
    assert [report.part.position for report in reports] == [0, 1, 2]


def test_it_leaves_a_trace_of_each_module() -> None:
    _import(a_tenant(), a_note("a"), a_note(7), reset=True)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.tenant, entry.action) == ("ada", "demo", "configuration.imported")
    assert (entry.target, entry.at) == ("rs-processing", AT)
    assert entry.details == {"reset": True, "items": 2, "imported": 1, "errors": 1}


def test_it_checks_without_a_change() -> None:
    tenant = a_tenant()
    _import(tenant, a_note("a"), a_setting("greeting", "hi"))
    before = AuditEntry.objects.count()
    report = _check(tenant, a_note("b"), a_note("c", "refused"), a_note("d", "odd"), reset=True)
    assert (report.imported, report.errors, report.warnings) == (2, ["c does not fit"], ["d is odd"])
    assert (set(notes_of(tenant)), _greeting(tenant)) == ({"a"}, "hi")
    assert AuditEntry.objects.count() == before


def test_it_checks_each_module_after_those_before_it() -> None:
    tenant = a_tenant()
    document = _file({"configuration": [a_note("a", "hi")]}, {"configuration": [a_setting("greeting", "hi")]})
    reports = check_configuration(module=MODULE, tenant=tenant, document=document, at=AT)
    assert [len(report.errors) for report in reports] == [0, 1]
