"""Worker types and settings come from a configuration file."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.configuration.envelope import UnreadableConfiguration
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.configuration_files import (
    Item,
    a_file,
    a_setting,
    a_worker,
    a_workflow_item,
    import_file,
    import_items,
)
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow
from worker_manager import queries
from worker_manager.models import InputContentType, WorkerType, Workflow

pytestmark = pytest.mark.django_db


def _errors(tenant: Tenant, *items: Item, reset: bool = False) -> list[str]:
    return import_items(tenant, *items, reset=reset).errors


def _inputs(worker_type: str) -> set[str]:
    found = every(InputContentType).filter(worker_type__worker_type=worker_type)
    return set(found.values_list("content_type", flat=True))


def test_it_stores_everything_whatever_the_order_of_the_items() -> None:
    tenant = a_tenant()
    errors = _errors(
        tenant,
        a_workflow_item("ingest", (2, "sip"), (1, "unzip"), keepErrors=False),
        a_worker("sip", inputs=["tree"], contentTypeOutput="sip"),
        a_worker("unzip", inputs=["zip", "tar"], contentTypeOutput="tree", keepErrors=False),
        a_setting("noise"),
    )
    assert errors == []
    worker, workflow = every(WorkerType).get(worker_type="unzip"), every(Workflow).get()
    assert (worker.content_type_out, worker.keep_errors, _inputs("unzip")) == ("tree", False, {"zip", "tar"})
    assert [step["stepNumber"] for step in workflow.steps] == [1, 2]
    assert not workflow.keep_errors
    assert queries.skipped_content_types(tenant_ids=[tenant.pk]) == {tenant.pk: frozenset({"noise"})}


def test_it_keeps_errors_when_the_file_does_not_say() -> None:
    tenant = a_tenant()
    _errors(tenant, a_worker("unzip", contentTypeOutput="tree"), a_workflow_item("ingest", (1, "unzip")))
    assert every(WorkerType).get().keep_errors
    assert every(Workflow).get().keep_errors


def test_it_replaces_a_stored_worker_type() -> None:
    tenant = a_tenant()
    _errors(tenant, a_worker("unzip", inputs=["zip", "tar"], contentTypeOutput="tree", keepErrors=False))
    assert _errors(tenant, a_worker("unzip", inputs=["tar", "7z"])) == []
    worker = every(WorkerType).get()
    assert (worker.content_type_out, worker.keep_errors, _inputs("unzip")) == (None, True, {"tar", "7z"})


def test_it_takes_the_same_file_again() -> None:
    tenant = a_tenant()
    items = (a_worker("unzip", contentTypeOutput="tree"), a_workflow_item("ingest", (1, "unzip")))
    assert [_errors(tenant, *items), _errors(tenant, *items)] == [[], []]


def test_it_merges_without_a_reset() -> None:
    tenant = a_tenant(skipped=["noise"])
    a_worker_type(tenant, worker_type="old", inputs=["old"])
    a_workflow(tenant)
    _errors(tenant, a_worker("unzip"))
    assert set(every(WorkerType).values_list("worker_type", flat=True)) == {"old", "unzip"}
    assert every(Workflow).exists()
    assert queries.skipped_content_types(tenant_ids=[tenant.pk])[tenant.pk] == {"noise"}


def test_it_forgets_the_tenants_configuration_before_a_reset_only() -> None:
    other = a_tenant(name="other", skipped=["noise"])
    tenant = a_tenant(skipped=["noise"])
    for owner in (tenant, other):
        a_worker_type(owner, worker_type="old", inputs=["old"])
        a_workflow(owner)
    _errors(tenant, a_worker("unzip", inputs=["old", "noise"]), reset=True)
    assert list(WorkerType.objects.filter(tenant=tenant).values_list("worker_type", flat=True)) == ["unzip"]
    assert every(Workflow).get().tenant == other
    assert set(queries.skipped_content_types(tenant_ids=[tenant.pk, other.pk])) == {other.pk}


def test_it_refuses_inputs_that_another_worker_type_owns() -> None:
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="w1", inputs=["a", "c"])
    a_worker_type(tenant, worker_type="w2", inputs=["b"])
    assert _errors(tenant, a_worker("unzip", inputs=["c", "b", "free"])) == [
        "WorkerConf with type=unzip declares contentType [b, c] which are already used by [w1, w2]"
    ]
    assert not every(WorkerType).filter(worker_type="unzip").exists()


def test_it_lets_two_tenants_use_one_content_type() -> None:
    a_worker_type(a_tenant(name="other"), worker_type="w1")
    assert _errors(a_tenant(), a_worker("unzip")) == []


def test_it_refuses_inputs_that_are_skipped_by_the_same_file() -> None:
    assert _errors(a_tenant(), a_worker("unzip", inputs=["b", "a"]), a_setting("a", "b")) == [
        (
            "WorkerConf with type=unzip declares contentType [b, a] which are already used inside the "
            "skipContentTypes setting"
        )
    ]


def test_it_refuses_an_input_that_is_a_workflow_type() -> None:
    tenant = a_tenant()
    a_workflow(tenant)
    assert _errors(tenant, a_worker("unzip", inputs=["ingest"])) == [
        "WorkerConf with type=unzip declares contentType [ingest] which are workflow types"
    ]


def test_it_reports_every_error_of_a_worker_type() -> None:
    tenant = a_tenant(skipped=["b"])
    a_worker_type(tenant, worker_type="w1", inputs=["a"])
    assert len(_errors(tenant, a_worker("unzip", inputs=["a", "b"]))) == 2


def test_it_stores_the_valid_worker_types_beside_the_others() -> None:
    tenant = a_tenant()
    errors = _errors(tenant, a_worker(""), a_worker("unzip"), a_worker("late", inputs=["unzip"]))
    assert (len(errors), list(_inputs("unzip"))) == (2, ["unzip"])


def test_it_ignores_modules_of_others() -> None:
    assert import_file(a_tenant(), a_file(a_worker("w"), module="ingest")) == []


def test_it_refuses_unknown_items_and_takes_the_others() -> None:
    errors = _errors(a_tenant(), {"key": "java.lang.Runtime", "value": {}}, a_worker("unzip"))
    assert errors[0].startswith("Item 0 is refused: key 'java.lang.Runtime' must be one of fr.cnes.regards.")
    assert every(WorkerType).exists()


@pytest.mark.parametrize("document", [b"", b"{", b"[]", b'{"modules":{}}', b"[" * 100_000, b"\xff"])
def test_it_changes_nothing_when_the_file_cannot_be_read(document: bytes) -> None:
    with pytest.raises(UnreadableConfiguration):
        import_file(a_tenant(), document)


def test_it_says_when_nothing_at_all_was_imported() -> None:
    tenant = a_tenant()
    all_wrong = import_items(tenant, a_worker(""), a_worker(" "))
    half = import_items(tenant, a_worker(""), a_worker("unzip"))
    assert (all_wrong.only_errors, half.only_errors) == (True, False)


def test_it_imports_every_module_of_a_file() -> None:
    module = json.loads(a_file(a_worker("unzip")))["modules"][0]
    second = json.loads(a_file(a_worker("sip", inputs=["tree"])))["modules"][0]
    document = json.dumps({"modules": [module, second]}).encode()
    assert len(import_file(a_tenant(), document)) == 2
    assert every(WorkerType).count() == 2


def test_it_gives_a_content_type_that_another_worker_type_gives_up_whatever_the_order() -> None:
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="old", inputs=["zip"])
    assert _errors(tenant, a_worker("new", inputs=["zip"]), a_worker("old", inputs=["tar"])) == []
    assert (_inputs("new"), _inputs("old")) == ({"zip"}, {"tar"})


def test_it_skips_a_content_type_that_a_worker_type_gives_up_in_the_same_file() -> None:
    tenant = a_tenant()
    a_worker_type(tenant, inputs=["zip"])
    assert _errors(tenant, a_setting("zip"), a_worker("unzip-worker", inputs=["tar"])) == []
    assert queries.skipped_content_types(tenant_ids=[tenant.pk])[tenant.pk] == {"zip"}


def test_it_refuses_to_skip_what_a_worker_type_takes() -> None:
    tenant = a_tenant(skipped=["noise"])
    a_worker_type(tenant, inputs=["zip", "tar"])
    assert _errors(tenant, a_setting("zip", "other")) == [
        (
            "Failed to import dynamic tenant setting with name 'skipContentTypes'. Cause: "
            "These content types go to a worker type and cannot be skipped: zip (worker type unzip-worker)"
        )
    ]
    assert queries.skipped_content_types(tenant_ids=[tenant.pk])[tenant.pk] == {"noise"}


@pytest.mark.parametrize("stored", [["Unzip"], []])
def test_it_refuses_worker_types_that_would_share_a_queue(stored: list[str]) -> None:
    tenant = a_tenant()
    for worker_type in stored:
        a_worker_type(tenant, worker_type=worker_type, inputs=["a"])
    errors = _errors(tenant, a_worker("Unzip", inputs=["a"]), a_worker("unzip", inputs=["b"]))
    assert errors == [
        "WorkerConf with type=unzip differs only by case from [Unzip]: both would share one queue"
    ]
    assert list(every(WorkerType).values_list("worker_type", flat=True)) == ["Unzip"]


def test_it_lets_two_tenants_spell_a_worker_type_differently() -> None:
    a_worker_type(a_tenant(name="other"), worker_type="Unzip")
    assert _errors(a_tenant(), a_worker("unzip")) == []


def test_it_takes_the_last_of_two_items_of_one_worker_type() -> None:
    _errors(a_tenant(), a_worker("unzip", inputs=["a"]), a_worker("unzip", inputs=["b"]))
    assert _inputs("unzip") == {"b"}


def test_it_costs_the_same_statements_however_many_items() -> None:
    def statements(tenant: Tenant, *, items: int) -> int:
        chains = [
            (
                a_worker(f"w-{number}", inputs=[f"in-{number}"], contentTypeOutput="out"),
                a_workflow_item(f"wf-{number}", (1, f"w-{number}")),
            )
            for number in range(items)
        ]
        with CaptureQueriesContext(connection) as captured:
            assert _errors(tenant, *(item for chain in chains for item in chain)) == []
        return len(captured)

    few, many = statements(a_tenant(), items=2), statements(a_tenant(name="other"), items=50)
    assert few == many
    assert many <= 30
