"""The worker type ``digest``: computes digests of files, and verifies those that were announced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workers.builtin.body_schema import checked_content
from workers.builtin.file_access import FileAccess
from workers.builtin.file_digest import ALGORITHMS, algorithm_named, digests_of_steady_file
from workers.sdk import InvalidContent, WorkContext, WorkRequest, WorkResult, worker_type

_BODY: Final = Path(__file__).with_name("body.schema.json")
_DEFAULT: Final = ("sha256",)
_NAMED_IN_REFUSAL: Final = 20


@worker_type("digest", version="1.0", body_schema=_BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Answer with the content that came in, the size and the digests of each of its files added.

    Raises:
        InvalidContent: a file may not be read, or is not the one that was announced.
        RetryLater: a file changed while it was read.
    """
    content = checked_content(request, schema=_BODY)
    access = FileAccess.of(request=request, context=context)
    wanted = _wanted(content)
    files = [_located(entry, field=field, access=access) for field, entry in _entries(content)]
    wrong: list[str] = []
    answers = []
    for number, file in enumerate(files):
        context.progress(f"reading {file.local.name}", 100 * number / len(files))
        found = _summed(file, wanted=wanted, context=context)
        wrong += file.faults(found)
        answers.append({**file.entry, **found})
    if wrong:
        more = f" and {len(wrong) - _NAMED_IN_REFUSAL} more" if len(wrong) > _NAMED_IN_REFUSAL else ""
        raise InvalidContent("; ".join(wrong[:_NAMED_IN_REFUSAL]) + more)
    total = sum(answer["size"] for answer in answers)
    return WorkResult.json(
        {**_passed_on(content), "files": answers}, messages=(f"Read {len(files)} file(s), {total} bytes",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file of the request, before it is read."""

    field: str
    entry: Mapping[str, Any]
    local: Path

    @property
    def announced(self) -> list[str]:
        """Return the algorithms of the digests that the request announces."""
        return [name for name in ALGORITHMS if name in self.entry]

    def faults(self, found: Mapping[str, Any]) -> list[str]:
        """Return what differs from the announcement, in words."""
        return [
            f"{self.field}: {self.local.name} has the {name} {found[name]}, {self.entry[name]} was announced"
            for name in ("size", *self.announced)
            if name in self.entry and not _is_same(self.entry[name], found[name])
        ]


def _is_same(announced: Any, found: Any) -> bool:
    # To JSON, 3.0 is as whole a number as 3; digests may have capital letters.
    return bool(announced == found if isinstance(found, int) else announced.lower() == found)


def _summed(file: _File, *, wanted: Sequence[str], context: WorkContext) -> dict[str, Any]:
    algorithms = dict.fromkeys([*wanted, *file.announced])
    digests = digests_of_steady_file(
        file.local, algorithms=algorithms, on_piece=lambda _size: context.raise_if_cancelled()
    )
    return {"size": file.local.stat().st_size, **digests}


def _wanted(content: Mapping[str, Any]) -> list[str]:
    names = enumerate(content.get("algorithms", _DEFAULT))
    return [algorithm_named(name, field=f"algorithms[{index}]") for index, name in names]


def _entries(content: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the files by the place where the content names them; content without a list is one file."""
    if "files" in content:
        return [(f"files[{index}]", entry) for index, entry in enumerate(content["files"])]
    if "url" not in content:
        raise InvalidContent('The content has neither "files" nor "url"')
    return [("content", {key: content[key] for key in ("url", "size", *ALGORITHMS) if key in content})]


def _located(entry: Mapping[str, Any], *, field: str, access: FileAccess) -> _File:
    return _File(field=field, entry=entry, local=access.locate(entry["url"], field=f"{field}.url"))


def _passed_on(content: Mapping[str, Any]) -> dict[str, Any]:
    own = {"url", "files", "algorithms", "size", *ALGORITHMS}
    return {key: value for key, value in content.items() if key not in own}
