"""Import worker types, workflows and settings from a configuration file."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting
from worker_manager import configuration_file
from worker_manager.configuration_file import ModuleItems, WorkerItem, WorkflowItem
from worker_manager.models import InputContentType, WorkerType, Workflow

log = logging.getLogger(__name__)

_TYPE_CLASH: Final = (
    "[DuplicatedWorkflowTypesError]: Cannot import workflow configuration because duplicated types were "
    "found within the worker configurations.\n"
    "To fix the configuration make sure the workflowTypes are not the same than the workers "
    "contentTypeInputs."
)
_STEP_CLASH: Final = (
    "[DuplicatedStepNumbersError - {workflow}]: step duplications detected! "
    "Make sure all step numbers are unique!"
)
_NO_WORKER: Final = (
    '[NotExistingWorkerError - {workflow}]: worker "{worker}" configured at step {step} does not exist.\n'
    "You can only configure a worker type that is already registered."
)
_NO_OUTPUT: Final = (
    '[NullContentTypeOutError - {workflow}]: contentTypeOut of worker "{worker}" configured at step {step} '
    "must be present.\n"
    "Make sure all contentTypeOuts of the workflowConfig are configured and chainable."
)
_NOT_CHAINABLE: Final = (
    '[NonConsistentContentTypeOutError - {workflow}]: contentTypeInputs of worker "{worker}" configured at '
    'step {step} do not contain the last worker contentTypeOut "{output}".\n'
    "Make sure each contentTypeOut is managed by the next worker inputs."
)
_CLASH: Final = "WorkerConf with type={worker} declares contentType [{names}] which are {why}"


@dataclass(slots=True)
class ImportReport:
    """What became of one module of a file."""

    module: Mapping[str, Any]
    total: int
    errors: list[str] = field(default_factory=list)

    @property
    def only_errors(self) -> bool:
        """Whether every item failed."""
        return bool(self.errors) and len(self.errors) >= self.total


def import_configuration(*, tenant: Tenant, document: bytes) -> list[ImportReport]:
    """Import the worker manager's modules of a file; valid items are stored even when others fail.

    Raises:
        UnreadableConfiguration: the file is not a configuration file; nothing is changed.
    """
    reports = [_import_module(tenant, items) for items in configuration_file.read(document)]
    log.info(
        "configuration imported",
        extra={
            "action": "configuration.imported",
            "tenant": tenant.name,
            "items": sum(report.total for report in reports),
            "errors": sum(len(report.errors) for report in reports),
        },
    )
    return reports


@transaction
def _import_module(tenant: Tenant, items: ModuleItems) -> ImportReport:
    """Reset if asked, then settings, workers and workflows: all in one transaction."""
    # Two imports at once would both find a content type free. Requests do not wait for this lock.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    report = ImportReport(module=items.module, total=items.total, errors=list(items.errors))
    if items.reset:
        Workflow.objects.filter(tenant=tenant).delete()
        WorkerType.objects.filter(tenant=tenant).delete()
        TenantSetting.objects.filter(tenant=tenant, name=configuration_file.SKIP_SETTING).delete()
    for value in items.skipped_content_types:
        TenantSetting.objects.update_or_create(
            tenant=tenant, name=configuration_file.SKIP_SETTING, defaults={"value": value}
        )
    for worker in items.workers:
        report.errors += _import_worker(tenant, worker)
    if not items.workflows_refused:
        report.errors += _import_workflows(tenant, items.workflows)
    return report


def _import_worker(tenant: Tenant, item: WorkerItem) -> list[str]:
    errors = [*_taken_inputs(tenant, item), *_skipped_inputs(tenant, item), *_workflow_inputs(tenant, item)]
    if errors:
        return errors
    stored, _ = WorkerType.objects.update_or_create(
        tenant=tenant,
        worker_type=item.worker_type,
        defaults={"content_type_out": item.output, "keep_errors": item.keep_errors},
    )
    stored.inputs.all().delete()
    InputContentType.objects.bulk_create(
        [InputContentType(tenant=tenant, worker_type=stored, content_type=name) for name in item.inputs]
    )
    return []


def _taken_inputs(tenant: Tenant, item: WorkerItem) -> list[str]:
    others = InputContentType.objects.filter(tenant=tenant, content_type__in=item.inputs)
    taken = others.exclude(worker_type__worker_type=item.worker_type).order_by("content_type")
    rows = list(taken.values_list("content_type", "worker_type__worker_type"))
    owners = ", ".join(sorted({owner for _, owner in rows}))
    return _clash(item, [name for name, _ in rows], f"already used by [{owners}]")


def _skipped_inputs(tenant: Tenant, item: WorkerItem) -> list[str]:
    setting = TenantSetting.objects.filter(tenant=tenant, name=configuration_file.SKIP_SETTING)
    skipped = {name for value in setting.values_list("value", flat=True) for name in value}
    names = [name for name in item.inputs if name in skipped]
    return _clash(item, names, "already used inside the skipContentTypes setting")


def _workflow_inputs(tenant: Tenant, item: WorkerItem) -> list[str]:
    """Refuse an input that is a workflow type: the reference lets the worker shadow the workflow."""
    found = Workflow.objects.filter(tenant=tenant, workflow_type__in=item.inputs).order_by("workflow_type")
    return _clash(item, list(found.values_list("workflow_type", flat=True)), "workflow types")


def _clash(item: WorkerItem, names: Sequence[str], why: str) -> list[str]:
    if not names:
        return []
    return [_CLASH.format(worker=item.worker_type, names=", ".join(names), why=why)]


def _import_workflows(tenant: Tenant, items: list[WorkflowItem]) -> list[str]:
    inputs = InputContentType.objects.filter(tenant=tenant)
    if inputs.filter(content_type__in=[item.workflow_type for item in items]).exists():
        return [_TYPE_CLASH]
    workers = {
        worker.worker_type: worker
        for worker in WorkerType.objects.filter(tenant=tenant).prefetch_related("inputs")
    }
    errors = []
    for item in items:
        wrong = _chain_errors(item, workers)
        errors += wrong
        if not wrong:
            steps = [{"stepNumber": number, "workerType": worker_type} for number, worker_type in item.steps]
            Workflow.objects.update_or_create(
                tenant=tenant,
                workflow_type=item.workflow_type,
                defaults={"steps": steps, "keep_errors": item.keep_errors},
            )
    return errors


def _chain_errors(item: WorkflowItem, workers: Mapping[str, WorkerType]) -> list[str]:
    if len({number for number, _ in item.steps}) < len(item.steps):
        return [_STEP_CLASH.format(workflow=item.workflow_type)]
    errors = []
    output: str | None = None
    for number, worker_type in item.steps:
        facts = {"workflow": item.workflow_type, "worker": worker_type, "step": number, "output": output}
        worker = workers.get(worker_type)
        if worker is None:
            errors.append(_NO_WORKER.format(**facts))
        elif worker.content_type_out is None:
            errors.append(_NO_OUTPUT.format(**facts))
        elif output is not None and output not in {i.content_type for i in worker.inputs.all()}:
            errors.append(_NOT_CHAINABLE.format(**facts))
        else:
            output = worker.content_type_out
    return errors
