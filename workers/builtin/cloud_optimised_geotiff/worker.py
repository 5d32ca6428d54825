"""The worker type ``cloud-optimised-geotiff``: writes GeoTIFF files so that parts are quickly read."""

import shutil
from pathlib import Path
from typing import Any, Final

from workers.builtin.atomic_file import publish
from workers.builtin.body_schema import checked_content
from workers.builtin.cloud_optimised_geotiff.cog import CogOptions, check_cog, write_cog
from workers.builtin.file_access import FileAccess
from workers.builtin.file_digest import sha256_of
from workers.builtin.scene_files import SceneFile, read_files
from workers.builtin.scene_kinds import SceneKind
from workers.builtin.storage_layout import request_folder, staging_folder
from workers.contract.folder_names import folder_name
from workers.sdk import InvalidContent, RetryLater, WorkContext, WorkRequest, WorkResult, worker_type

_BODY: Final = Path(__file__).with_name("body.schema.json")
_DIGEST_IN_NAME: Final = 16
#: With less than this free, a failure is taken for a full disk.
_FULL: Final = 32 * 1024 * 1024
_OWN: Final = frozenset({"url", "files", "compression", "blockSize", "overviewResampling"})


@worker_type("cloud-optimised-geotiff", version="1.0", body_schema=_BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Answer with the content that came in; each GeoTIFF in it is replaced by its cloud-optimised form.

    Raises:
        InvalidContent: a file may not be read or is damaged, or none is a GeoTIFF.
        RetryLater: the disk is full.
        NotTheSame: a file that was written is not what it should be.
    """
    content = checked_content(request, schema=_BODY)
    options = CogOptions.of(content)
    files = _files(content, access=FileAccess.of(request=request, context=context))
    target = request_folder(request=request, context=context) / "cog"
    staging = staging_folder(request=request, context=context)
    listed = []
    for number, file in enumerate(files):
        context.progress(f"writing {file.name}", 100 * number / len(files))
        made = (
            _made(file, options, target=target, staging=staging, context=context) if file.kind else file.local
        )
        listed.append(_listed(file, made))
    passed_on = {key: value for key, value in content.items() if key not in _OWN}
    return WorkResult.json({**passed_on, "files": listed})


def _files(content: dict[str, Any], *, access: FileAccess) -> list[SceneFile]:
    if "url" not in content and "files" not in content:
        raise InvalidContent('The content has neither "files" nor "url"')
    entries = content if "files" in content else {"files": [{"url": content["url"]}]}
    files = read_files(entries, access=access, kinds={SceneKind.GEOTIFF})
    if not any(file.kind for file in files):
        raise InvalidContent(f"No GeoTIFF file among the {len(files)} file(s) found")
    return files


def _made(file: SceneFile, options: CogOptions, *, target: Path, staging: Path, context: WorkContext) -> Path:
    scratch = context.workdir / "cog.tif"
    try:
        write_cog(file.local, target=scratch, options=options, name=file.name)
    except InvalidContent as error:
        if shutil.disk_usage(context.workdir).free < _FULL:
            raise RetryLater(after=60, reason="No space left to write the file") from error
        raise
    check_cog(file.local, written=scratch, options=options, name=file.name)
    digest = sha256_of(scratch)[:_DIGEST_IN_NAME]
    place = target / f"{folder_name(file.path.stem)}-{digest}.tif"
    publish(scratch, target=place, staging=staging)
    return place


def _listed(file: SceneFile, made: Path) -> dict[str, Any]:
    listed = {"url": made.as_uri(), "path": file.name}
    if file.kind is None:
        return listed | {"size": file.size, "sha256": file.sha256}
    source = {"url": file.local.as_uri(), "size": file.size, "sha256": file.sha256}
    return listed | {"size": made.stat().st_size, "sha256": sha256_of(made), "source": source}
