"""Where results of a request live in the shared storage."""

from pathlib import Path

from workers.contract.folder_names import folder_name
from workers.sdk import WorkContext, WorkRequest
from workers.sdk.held_folders import STAGING


def request_folder(*, request: WorkRequest, context: WorkContext) -> Path:
    """Return ``<storage>/<tenant>/<request id>``, both names made safe for a file system."""
    return context.storage.resolve() / tenant_folder(request.tenant) / folder_name(request.request_id)


def staging_folder(*, request: WorkRequest, context: WorkContext) -> Path:
    """Return where results of a tenant are made whole: one move away from their folders."""
    return context.storage.resolve() / tenant_folder(request.tenant) / STAGING


def tenant_folder(tenant: str) -> str:
    """Return the name of the folder of a tenant."""
    return folder_name(tenant)
