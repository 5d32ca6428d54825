"""Try a process out on a file of one's own: a batch of one execution, for an operator.

Note: a try-out is an order like any other.
    Quotas and limits hold, its fleet is the same, and its result goes out as every result does: no order
    service knows its correlation ids, which begin with ``try-out-``, and none is told of it otherwise.

Note: the folder of its file is noted as unneeded first.
    The transaction that orders it takes the note away. When this process dies in between, the folder goes
    with the clean-up, which spares those that were made lately: their files may still be coming.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings

from regards_processing.kernel.audit.services import Actor, record
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.events.execution_requested import ExecutionRequested
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.services import unneeded_folders
from regards_processing.processing.services.batches import BatchOrder, open_batch
from regards_processing.processing.services.executions import order_executions

_FOLDER: Final = re.compile(r"try-out-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Names of tenants that are their own folder of the storage, as fleets know it.
_PLAIN_TENANT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME: Final = 100
#: After that, no file is coming any more.
_COMING: Final = timedelta(hours=1)


class CannotTryOut(DomainError):
    """There is no place for the file that fleets could read it from."""

    code = "CANNOT_TRY_OUT"
    http_status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedFile:
    """A file that somebody sent."""

    name: str
    chunks: Iterable[bytes]


def try_process(
    *,
    tenant: Tenant,
    process_id: UUID,
    file: TriedFile,
    parameters: Mapping[str, str],
    actor: Actor,
    at: datetime,
) -> UUID:
    """Have a process carried out on a file; return the id of the execution.

    Raises:
        NoSuchProcess: the tenant has no process of this id.
        ProcessNotOffered: it is inactive, or broken.
        BatchRefused: a parameter cannot be given so.
        CannotTryOut: the file cannot be put into the shared storage.
    """
    correlation_id = f"try-out-{uuid4()}"
    try:
        described = _put(tenant, correlation_id, file)
        return _order(tenant, process_id, correlation_id, described, parameters, actor, at)
    except OSError as error:
        raise CannotTryOut(f"The file cannot be put into the shared storage: {error.strerror}") from error
    finally:
        # Its batch was not opened: nobody waits for the clean-up.
        if not Batch.objects.for_tenant(tenant).filter(correlation_id=correlation_id).exists():
            _forget_file(tenant, correlation_id)


def is_try_out(correlation_id: str) -> bool:
    """Say whether a batch is a try-out: its file lies in a folder of that name."""
    return _FOLDER.fullmatch(correlation_id) is not None


def is_coming(folder: Path, *, at: datetime) -> bool:
    """Say whether a folder is that of a try-out whose file may still be coming."""
    if not is_try_out(folder.name):
        return False
    try:
        made = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except OSError:
        return False
    return at - made < _COMING


@transaction
def _order(
    tenant: Tenant,
    process_id: UUID,
    correlation_id: str,
    described: Mapping[str, Any],
    parameters: Mapping[str, str],
    actor: Actor,
    at: datetime,
) -> UUID:
    # Whoever may try processes out is above their rights, which are those of people who order.
    wanted = BatchOrder(
        correlation_id=correlation_id,
        process_id=process_id,
        user=actor.name,
        user_role=Role.INSTANCE_ADMIN.value,
        parameters=parameters,
        filesets={},
    )
    unneeded_folders.forget(tenant=tenant, name=correlation_id)
    batch = open_batch(tenant=tenant, order=wanted, at=at)
    order = ExecutionRequested(
        tenant=tenant.name, batch_id=batch.pk, correlation_id=correlation_id, input_files=(described,)
    )
    order_executions(orders=[order], at=at)
    made = Execution.objects.for_tenant(tenant).get(batch=batch)
    details = {"execution": str(made.pk), "file": described["fileName"], "bytes": described["bytes"]}
    target = str(process_id)
    record(actor=actor, tenant=tenant.name, action="process.tried", target=target, details=details, at=at)
    return UUID(str(made.pk))


def _forget_file(tenant: Tenant, correlation_id: str) -> None:
    if _PLAIN_TENANT.fullmatch(tenant.name):
        shutil.rmtree(_folder(tenant.name, correlation_id), ignore_errors=True)


def _put(tenant: Tenant, correlation_id: str, file: TriedFile) -> dict[str, Any]:
    """Write a file where the fleets of a tenant may read, and describe it as orders do."""
    if not _PLAIN_TENANT.fullmatch(tenant.name):
        raise CannotTryOut(f"The name of tenant {tenant.name} is that of no folder")
    name = _UNSAFE.sub("_", file.name.rpartition("/")[2])[-_LONGEST_NAME:].lstrip(".") or "file"
    folder = _folder(tenant.name, correlation_id)
    with transaction():
        unneeded_folders.note(folders=[(tenant.pk, correlation_id)])
        folder.mkdir(parents=True)
    digest, size = hashlib.sha256(), 0
    with (folder / name).open("xb") as target:
        for chunk in file.chunks:
            size += target.write(chunk)
            digest.update(chunk)
    url = (folder / name).as_uri()
    return {
        "parameterName": "",
        "localRelativePath": name,
        "url": url,
        "bytes": size,
        "checksum": digest.hexdigest(),
        "fileName": name,
        "metadata": {"internal": "false", "featureId": name},
        "inputCorrelationId": url,
    }


def _folder(tenant: str, correlation_id: str) -> Path:
    storage: Path = settings.SHARED_STORAGE.resolve()
    return storage / tenant / correlation_id
