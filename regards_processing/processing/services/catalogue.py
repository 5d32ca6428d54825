"""The processes that can be ordered, with what they promise."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing import queries
from regards_processing.processing.plugin_checks import find_faults, profile_of
from regards_processing.processing.plugin_values import ConfiguredProcess
from regards_processing.processing.sensitive import opened
from workers.processes.profile import ProcessProfile
from workers.processes.registry import plugins

log = logging.getLogger(__name__)

#: Key of a tenant, and id of a process.
ProcessKey = tuple[int, UUID]


class NoSuchProcess(DomainError):
    """There is no process of this id that could be ordered."""

    code = "NO_SUCH_PROCESS"
    http_status = 404

    def __init__(self, process_id: UUID) -> None:
        # The words of the reference.
        super().__init__(f"Unfound {process_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedProcess:
    """A process that can be ordered."""

    process: ConfiguredProcess
    profile: ProcessProfile

    @property
    def name(self) -> str:
        """What the process is called."""
        return self.process.plugin.label

    def info_for(self, tenant: str) -> dict[str, str]:
        """Return what it promises to the tenant of this name: the map ``processInfo`` of the contract."""
        return self.profile.to_info(tenant=tenant, role=self.process.rights.role)


def offered_processes(*, tenant: Tenant) -> list[OfferedProcess]:
    """Return the processes that can be ordered; broken ones are left out, with a line in the log."""
    return list(_offered(queries.processes(tenant=tenant), tenant))


def offered_process(*, tenant: Tenant, process_id: UUID) -> OfferedProcess:
    """Return one process that can be ordered.

    Raises:
        NoSuchProcess: there is none of this id, or it is inactive or broken.
    """
    found = list(_offered(queries.processes(tenant=tenant, process_id=process_id), tenant))
    if not found:
        raise NoSuchProcess(process_id)
    return found[0]


def offered_processes_of(*, tenant: Tenant, configured: Sequence[ConfiguredProcess]) -> list[OfferedProcess]:
    """Return those of some processes that can be ordered."""
    return list(_offered(configured, tenant))


def offers_of(*, wanted: Mapping[Tenant, Collection[UUID]]) -> dict[ProcessKey, OfferedProcess]:
    """Return those of some processes of some tenants that can be ordered; two statements a tenant."""
    return {
        (tenant.pk, offer.process.process_id): offer
        for tenant, process_ids in wanted.items()
        for offer in _offered(queries.processes(tenant=tenant, process_id__in=set(process_ids)), tenant)
    }


def _offered(configured: Sequence[ConfiguredProcess], tenant: Tenant) -> Iterator[OfferedProcess]:
    known = plugins()
    for process in configured:
        values = opened(values=process.plugin, plugins=known)
        faults = find_faults(wanted=values, plugins=known)
        if faults:
            log.warning(
                "broken process left out",
                extra={
                    "action": "process.left_out",
                    "tenant": tenant.name,
                    "process_id": str(process.process_id),
                    "reason": " ".join(fault.text for fault in faults),
                },
            )
        elif values.active:
            profile = profile_of(stored=values, plugin=known[values.plugin_id])
            yield OfferedProcess(process=process, profile=profile)
