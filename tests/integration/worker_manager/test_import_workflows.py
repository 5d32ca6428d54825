"""Workflows come from a configuration file when their steps make a chain."""

from pathlib import Path

import pytest

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.configuration_files import Item, a_worker, a_workflow_item, import_file, import_items
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow
from worker_manager import queries
from worker_manager.models import Workflow
from worker_manager.services.workflows import stored_workflows
from worker_manager.workflow_plan import PlanStep
from workers.contract.conditions import Condition
from workers.contract.repetition import Repeat

pytestmark = pytest.mark.django_db

_CLASH = (
    "[DuplicatedWorkflowTypesError]: Cannot import workflow configuration because duplicated types were "
    "found within the worker configurations.\n"
    "To fix the configuration make sure the workflowTypes are not the same than the workers "
    "contentTypeInputs."
)


_FIT = Repeat(condition=Condition("acme.fit", ("poor",)), most=5, back_to=10, go_on=True)


def _errors(tenant: Tenant, *items: Item) -> list[str]:
    return import_items(tenant, *items).errors


def _stored() -> set[str]:
    return set(every(Workflow).values_list("workflow_type", flat=True))


@pytest.fixture
def tenant() -> Tenant:
    """Give a tenant whose workers a → b → c can be chained, and one without output."""
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="a", inputs=["1"], output="2")
    a_worker_type(tenant, worker_type="b", inputs=["2"], output="3")
    a_worker_type(tenant, worker_type="c", inputs=["3"], output="4")
    a_worker_type(tenant, worker_type="mute", inputs=["mute"], output=None)
    return tenant


def test_it_stores_a_chain(tenant: Tenant) -> None:
    assert _errors(tenant, a_workflow_item("ingest", (30, "c"), (10, "a"), (20, "b"))) == []
    assert [step["workerType"] for step in every(Workflow).get().steps] == ["a", "b", "c"]


def test_it_stores_a_chain_with_a_parallel_step(tenant: Tenant) -> None:
    a_worker_type(tenant, worker_type="twin", inputs=["twin"], output="3")
    assert _errors(tenant, a_workflow_item("ingest", (10, "a"), (20, ["twin", "b"]), (30, "c"))) == []
    assert every(Workflow).get().steps[1] == {"stepNumber": 20, "workerTypes": ["twin", "b"]}


@pytest.mark.parametrize(
    ("example", "step"),
    [
        ("parallel.json", PlanStep(20, "footprint", ("footprint", "checksum"))),
        (
            "choosy.json",
            PlanStep(20, "browse-image", condition=Condition("acme.kind", ("raster", "mosaic"))),
        ),
        ("looped.json", PlanStep(20, "register", repeat=_FIT)),
    ],
)
def test_it_imports_the_examples(example: str, step: PlanStep) -> None:
    document = (Path(__file__).parents[3] / "docs" / "examples" / example).read_bytes()
    tenant = a_tenant()
    (report,) = import_file(tenant, document)
    assert report.errors == []
    (plan,) = [plan for plan in queries.plans(tenant_ids=[tenant.pk]).values() if plan.workflow_type]
    assert plan.steps[1] == step


def test_it_gives_back_the_condition_that_it_took(tenant: Tenant) -> None:
    condition = {"header": "acme.kind", "notIn": ["raster"]}
    steps = [
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerType": "b", "onlyIf": condition},
    ]
    assert _errors(tenant, a_workflow_item("ingest", steps=steps)) == []
    (item,) = stored_workflows(tenant=tenant)
    assert item.to_value()["steps"] == steps


def test_it_gives_back_the_loop_that_it_took_and_what_is_kept(tenant: Tenant) -> None:
    loop = {"from": 1, "while": {"header": "acme.fit", "in": ["poor"]}, "most": 4}
    steps = [{"stepNumber": 1, "workerType": "a"}, {"stepNumber": 2, "workerType": "b", "repeat": loop}]
    assert _errors(tenant, a_workflow_item("ingest", steps=steps, keepHeaders=True)) == []
    (item,) = stored_workflows(tenant=tenant)
    assert (item.to_value()["steps"], item.to_value()["keepHeaders"]) == (steps, True)
    (plan,) = [plan for plan in queries.plans(tenant_ids=[tenant.pk]).values() if plan.workflow_type]
    assert plan.keep_headers
    assert _errors(tenant, a_workflow_item("ingest", (1, "a"))) == []
    assert "keepHeaders" not in stored_workflows(tenant=tenant)[0].to_value()


def test_it_replaces_a_stored_workflow(tenant: Tenant) -> None:
    a_workflow(tenant, keep_errors=False)
    assert _errors(tenant, a_workflow_item("ingest", (1, "a"))) == []
    workflow = every(Workflow).get()
    assert (workflow.steps, workflow.keep_errors) == ([{"stepNumber": 1, "workerType": "a"}], True)


def test_it_imports_no_workflow_when_one_breaks_a_rule(tenant: Tenant) -> None:
    errors = _errors(tenant, a_workflow_item("good", (1, "a")), a_workflow_item("bad", (1, "w" * 129)))
    assert errors == [
        (
            "[Size] workerType is limited to 128 characters at steps[0].workerType: "
            f"rejected value [{'w' * 129}]."
        )
    ]
    assert _stored() == set()


def test_it_imports_no_workflow_when_one_is_a_content_type(tenant: Tenant) -> None:
    assert _errors(tenant, a_workflow_item("good", (1, "a")), a_workflow_item("2", (1, "a"))) == [_CLASH]
    assert _stored() == set()


def test_it_sees_the_workers_of_the_same_file(tenant: Tenant) -> None:
    new = a_worker("new", inputs=["ingest"], contentTypeOutput="x")
    assert _errors(tenant, a_workflow_item("ingest", (1, "a")), new) == [_CLASH]


def test_it_refuses_a_step_number_twice(tenant: Tenant) -> None:
    errors = _errors(
        tenant, a_workflow_item("bad", (1, "nobody"), (1, "a")), a_workflow_item("good", (1, "a"))
    )
    assert errors == [
        (
            "[DuplicatedStepNumbersError - bad]: step duplications detected! "
            "Make sure all step numbers are unique!"
        )
    ]
    assert _stored() == {"good"}


def test_it_refuses_a_worker_type_that_is_not_configured(tenant: Tenant) -> None:
    assert _errors(tenant, a_workflow_item("bad", (1, "a"), (7, "nobody"))) == [
        (
            '[NotExistingWorkerError - bad]: worker "nobody" configured at step 7 does not exist.\n'
            "You can only configure a worker type that is already registered."
        )
    ]


def test_it_refuses_a_worker_type_of_another_tenant(tenant: Tenant) -> None:
    a_worker_type(a_tenant(name="other"), worker_type="theirs")
    assert len(_errors(tenant, a_workflow_item("bad", (1, "theirs")))) == 1


@pytest.mark.parametrize("steps", [[(1, "a"), (2, "mute")], [(2, "mute")]])
def test_it_refuses_a_worker_type_without_output_even_at_the_end(
    tenant: Tenant, steps: list[tuple[int, str]]
) -> None:
    assert _errors(tenant, a_workflow_item("bad", *steps)) == [
        (
            '[NullContentTypeOutError - bad]: contentTypeOut of worker "mute" configured at step 2 '
            "must be present.\n"
            "Make sure all contentTypeOuts of the workflowConfig are configured and chainable."
        )
    ]


def test_it_refuses_a_step_that_does_not_take_what_the_last_one_gives(tenant: Tenant) -> None:
    assert _errors(tenant, a_workflow_item("bad", (1, "a"), (2, "c"))) == [
        (
            '[NonConsistentContentTypeOutError - bad]: contentTypeInputs of worker "c" configured at step 2 '
            'do not contain the last worker contentTypeOut "2".\n'
            "Make sure each contentTypeOut is managed by the next worker inputs."
        )
    ]
    assert _stored() == set()


def test_it_compares_with_the_last_step_that_is_right(tenant: Tenant) -> None:
    errors = _errors(tenant, a_workflow_item("bad", (1, "a"), (2, "nobody"), (3, "b"), (4, "a")))
    assert [error.partition(" ")[0] for error in errors] == [
        "[NotExistingWorkerError",
        "[NonConsistentContentTypeOutError",
    ]


def test_it_does_not_ask_what_the_first_step_takes(tenant: Tenant) -> None:
    assert _errors(tenant, a_workflow_item("tail", (1, "b"), (2, "c"))) == []


def test_it_collapses_two_items_of_one_workflow_type(tenant: Tenant) -> None:
    _errors(tenant, a_workflow_item("ingest", (1, "a")), a_workflow_item("ingest", (1, "b")))
    assert every(Workflow).count() == 1


def test_it_warns_of_stored_workflows_that_are_no_chains_any_more(tenant: Tenant) -> None:
    _errors(tenant, a_workflow_item("ingest", (1, "a"), (2, "b")))
    report = import_items(tenant, a_worker("a", inputs=["1"], contentTypeOutput="other"))
    assert report.errors == []
    assert [warning.partition("]")[0] for warning in report.warnings] == [
        "[NonConsistentContentTypeOutError - ingest"
    ]


def test_it_says_which_workflow_clashes_and_which_types_there_are(tenant: Tenant) -> None:
    report = import_items(
        tenant,
        a_workflow_item("good", (1, "a")),
        a_workflow_item("2", (1, "a")),
        a_workflow_item("x", (1, "y")),
    )
    (clash,) = report.located_errors
    assert clash.startswith("modules[0].configuration[1].value.workflowType (WorkflowConfigDto): [Duplicated")
    assert clash.endswith("Allowed: names that no worker type takes as a content type, unlike 2.")
    assert (report.imported, report.only_errors) == (0, True)
