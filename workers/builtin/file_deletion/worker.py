"""The worker type ``file-deletion``: deletes the files that a request lists."""

import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from workers.builtin.body_schema import checked_content
from workers.builtin.environment import folders
from workers.builtin.file_access import FileAccess
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, worker_type

_BODY: Final = Path(__file__).with_name("body.schema.json")
_NAMED_IN_REFUSAL: Final = 20


class DeletionFailed(Exception):
    """Some files could not be deleted; those before and after them were."""


@worker_type("file-deletion", version="1.0", body_schema=_BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Delete the listed files, and tell of each whether it was there.

    Nothing is deleted unless every file of the request may be.

    Raises:
        InvalidContent: something listed is outside the folders, or no regular file.
        DeletionFailed: the system refused to delete some of them.
    """
    content = checked_content(request, schema=_BODY)
    roots = folders(os.environ, "FILE_DELETION_ROOTS")
    access = FileAccess.of(
        request=request, context=context, roots=roots, purpose="delete from", setting="FILE_DELETION_ROOTS"
    )
    files = _checked(content["urls"], access=access)
    outcomes = []
    for number, file in enumerate(files):
        context.progress(f"deleting {file.place.name}", 100 * number / len(files))
        outcomes.append(_deleted(file))
    failed = [outcome for outcome in outcomes if outcome.reason]
    numbers = Counter(outcome.status for outcome in outcomes)
    summary = ", ".join(f"{status.lower()} {numbers[status]}" for status in _Status)
    if failed:
        raise DeletionFailed(f"{summary}: " + _listed([f"{each.url}: {each.reason}" for each in failed]))
    return WorkResult.json({"files": [outcome.to_json() for outcome in outcomes]}, messages=(summary,))


class _Status(StrEnum):
    DELETED = "DELETED"
    #: It was not there; an earlier attempt may have deleted it.
    ABSENT = "ABSENT"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    url: str
    place: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    url: str
    status: _Status
    #: Why it failed.
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"url": self.url, "status": self.status.value}


def _checked(urls: Sequence[str], *, access: FileAccess) -> list[_File]:
    """Return the files, each once, or every reason against them."""
    files, refusals = [], []
    first_places: dict[str, int] = {}
    for index, url in enumerate(urls):
        first_places.setdefault(url, index)
    for url, index in first_places.items():
        field = f"urls[{index}]"
        try:
            place = access.place(url, field=field)
            _check_kind(place, url, field=field)
            files.append(_File(url=url, place=place))
        except InvalidContent as refusal:
            refusals.append(refusal.message)
    if refusals:
        raise InvalidContent("Nothing was deleted. " + _listed(refusals))
    return files


def _check_kind(place: Path, url: str, *, field: str) -> None:
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise InvalidContent(f"{field}: {url!r} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link"}
        what = kinds.get(stat.S_IFMT(mode), "no regular file")
        raise InvalidContent(f"{field}: {url!r} is {what}, only files are deleted")


def _deleted(file: _File) -> _Outcome:
    try:
        file.place.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return _Outcome(url=file.url, status=_Status.ABSENT)
    except OSError as error:
        return _Outcome(url=file.url, status=_Status.FAILED, reason=str(error.strerror))
    return _Outcome(url=file.url, status=_Status.DELETED)


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _NAMED_IN_REFUSAL
    return "; ".join(texts[:_NAMED_IN_REFUSAL]) + (f" and {more} more" if more > 0 else "")
