"""Output files as they lie in the shared storage."""

from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.conf import settings

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import OutputFile


class UnknownOutput(DomainError):
    """There is no such output file."""

    code = "UNKNOWN_OUTPUT"
    http_status = 404


class OutputNotHere(DomainError):
    """The output file is not in the shared storage, or not any more."""

    code = "OUTPUT_NOT_HERE"
    http_status = 409


def open_output(*, tenant: Tenant, execution_id: UUID, output_id: UUID) -> tuple[str, BinaryIO]:
    """Return the name of an output file, and its bytes to read from; the caller closes them.

    Raises:
        UnknownOutput: the execution, of the tenant, has none of this id.
        OutputNotHere: it was deleted, or its URL names no file of the shared storage.
    """
    found = OutputFile.objects.for_tenant(tenant).filter(pk=output_id, execution=execution_id)
    output: OutputFile | None = found.order_by("pk").first()
    if output is None:
        raise UnknownOutput(f"Execution {execution_id} has no output file {output_id}")
    try:
        # Opened by its resolved path: a link that leads out of the storage is not followed.
        return output.name, _inside(output.url).open("rb")
    except (OSError, ValueError) as error:
        raise OutputNotHere(f"{output.name} is not in the shared storage, or not any more") from error


def _inside(url: str) -> Path:
    path = Path(unquote(urlsplit(url).path)).resolve()
    if not (path.is_relative_to(settings.SHARED_STORAGE.resolve()) and path.is_file()):
        raise FileNotFoundError(path)
    return path
