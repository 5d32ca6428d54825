"""The worker type ``local-storage-worker``: stores files for rs-file-access on a file system."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from workers.builtin.body_schema import checked_content
from workers.builtin.environment import folders
from workers.builtin.file_access import FileAccess
from workers.builtin.local_storage_worker.image_size import image_size
from workers.builtin.relative_paths import safe_path
from workers.builtin.storage_layout import tenant_folder
from workers.builtin.transfer.bring import bring
from workers.builtin.transfer.partial import check_name
from workers.builtin.transfer.remote import RemoteFile, connected, protocol_of
from workers.builtin.transfer.source import local_file
from workers.builtin.transfer.terms import Announced, TransferLimits, Transferred
from workers.contract.folder_names import folder_name
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, worker_type
from workers.sdk.errors import ConfigurationError

_BODY: Final = Path(__file__).with_name("body.schema.json")
_PREFIX: Final = "store-"
#: Java's names of the digests that rs-file-access knows, for the answer.
_DEFAULT_ALGORITHM: Final = "MD5"


@worker_type("local-storage-worker", version="1.0", body_schema=_BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Store one file, and answer as rs-file-access reads it.

    Raises:
        InvalidContent: the content is no storage request, or a place may not be used.
        RetryLater: the source does not answer, broke off or changed.
        WrongFile: the source is not what was announced.
        TargetTaken: another file has the name already.
    """
    content = checked_content(request, schema=_BODY)
    limits = TransferLimits.from_env(os.environ)
    announced = Announced.of(content, field="", default=_DEFAULT_ALGORITHM)
    target = _target(content, announced, request=request, context=context)
    transferred = bring(
        _source(content["url"], limits=limits, request=request, context=context),
        target=target,
        announced=announced,
        max_bytes=limits.max_bytes,
        overwrite=False,
        watch=lambda size: context.progress(f"{target.name}: {size} bytes"),
        field="url",
    )
    notes: list[str] = []
    metadata = _file_metadata(content, transferred, target, notes)
    if content.get("activateSmallFilePackaging"):
        notes.append(f"{target.name} is a file of its own: this worker packages none")
    return WorkResult.json(
        {"fileProcessingMetadata": _processing_metadata(target), "storeFileMetadata": metadata},
        messages=tuple(notes),
    )


def _source(url: str, *, limits: TransferLimits, request: WorkRequest, context: WorkContext) -> RemoteFile:
    if protocol_of(url) == "file":
        return local_file(FileAccess.of(request=request, context=context).locate(url, field="url"))
    limits.sources.check(url, field="url")
    return connected(
        url,
        allowed=limits.protocols,
        setting="TRANSFER_PROTOCOLS",
        field="url",
        check_redirect=limits.sources.redirects,
    )


def _target(
    content: Mapping[str, Any], announced: Announced, *, request: WorkRequest, context: WorkContext
) -> Path:
    """Return ``<root>/<tenant>/<content type>/<destination>/<name>``."""
    store = request.content_type
    if not store.startswith(_PREFIX) or store == _PREFIX:
        raise InvalidContent(f"The content type must be store-<storage>, got {store!r:.200}")
    top = (_root(context) / tenant_folder(request.tenant) / folder_name(store)).resolve()
    below = PurePosixPath(_name(content, announced))
    destination = (content.get("destinationDirectory") or "").strip("/")
    if destination:
        below = safe_path(destination, what="destinationDirectory") / below
    target = (top / below).parent.resolve() / below.name
    if not target.is_relative_to(top):
        raise InvalidContent(f"destinationDirectory {destination!r} leads out of the storage by a link")
    check_name(target.name, field="url")
    return target


def _root(context: WorkContext) -> Path:
    configured = folders(os.environ, "LOCAL_STORAGE_ROOT")
    if len(configured) > 1:
        raise ConfigurationError("LOCAL_STORAGE_ROOT must be one folder")
    return configured[0] if configured else context.storage


def _name(content: Mapping[str, Any], announced: Announced) -> str:
    if content["parameters"]["fileNamingStrategy"] == "CHECKSUM":
        if announced.checksum is None:
            raise InvalidContent("checksum is needed by the naming strategy CHECKSUM")
        return announced.checksum
    name = unquote(urlsplit(content["url"]).path).rpartition("/")[2]
    return safe_path(name, what="The file name").name


def _file_metadata(
    content: Mapping[str, Any], transferred: Transferred, target: Path, notes: list[str]
) -> dict[str, Any]:
    """Return the file as rs-file-access reads it: it refuses members that it does not know."""
    metadata = {
        "checksum": transferred.checksum,
        "algorithm": content.get("algorithm") or _DEFAULT_ALGORITHM,
        "storedFileUrl": target.as_uri(),
        "fileSizeInBytes": transferred.size,
    }
    size = image_size(target) if content.get("computeImageSize") else None
    if size:
        width, height = size
        return {"@c": ".ImageFileMetadata", **metadata, "heightInPx": height, "widthInPx": width}
    if content.get("computeImageSize"):
        notes.append(f"{target.name} is no image whose size is known; it is stored without")
    return {"@c": ".FileMetadata", **metadata}


def _processing_metadata(target: Path) -> dict[str, Any]:
    return {
        "smallFileManaged": False,
        "cachePath": None,
        "filename": target.name,
        "storeParentUrl": f"{target.parent.as_uri()}/",
        "storeParentPath": f"{target.parent}/",
    }
