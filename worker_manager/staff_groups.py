"""The groups of staff that a deployment starts with; what each may do besides looking."""

from collections.abc import Mapping
from typing import Final

#: Applications whose pages all of them may look at.
VIEWED: Final = ("django_celery_results", "jobs", "kernel", "processing", "worker_manager")
GROUPS: Final[Mapping[str, frozenset[str]]] = {
    #: Retry, cancel and delete requests; try processes out; retry and cancel executions, cancel
    #: batches; pause and resume for a tenant; replay and drop dead letters; cancel jobs and run them again.
    "operator": frozenset(
        {
            "worker_manager.change_request",
            "worker_manager.delete_request",
            "processing.add_execution",
            "processing.change_execution",
            "processing.delete_execution",
            "processing.delete_batch",
            "worker_manager.add_pause",
            "worker_manager.delete_pause",
            "kernel.change_deadletters",
            "kernel.delete_deadletters",
            "jobs.change_job",
        }
    ),
    #: Configure worker types, workflows, processes and settings of tenants.
    "configurator": frozenset(
        {
            f"{model[0]}.{verb}_{model[1]}"
            for verb in ("add", "change", "delete")
            for model in (
                ("worker_manager", "workertype"),
                ("worker_manager", "workflow"),
                ("processing", "process"),
                ("kernel", "tenantsetting"),
            )
        }
    ),
}
