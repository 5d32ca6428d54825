"""The worker type ``storage-transfer``: copies files between storages, verified."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workers.builtin.body_schema import checked_content
from workers.builtin.environment import folders
from workers.builtin.file_access import FileAccess
from workers.builtin.transfer.bring import bring
from workers.builtin.transfer.notes import Notes
from workers.builtin.transfer.partial import check_name
from workers.builtin.transfer.remote import RemoteFile, check_allowed, connected, protocol_of
from workers.builtin.transfer.send import check_writable, send
from workers.builtin.transfer.source import local_file
from workers.builtin.transfer.terms import Announced, TransferLimits, Transferred, Watch
from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type

_BODY: Final = Path(__file__).with_name("body.schema.json")
_SETTING: Final = "TRANSFER_PROTOCOLS"


@worker_type("storage-transfer", version="1.0", body_schema=_BODY)
def run(request: WorkRequest, context: WorkContext) -> WorkResult:
    """Copy each file to its target, one after the other, and answer with what lies there.

    Raises:
        InvalidContent: a place may not be used, or a source does not exist or is too large.
        RetryLater: a server does not answer or broke off; files that have arrived are not copied again.
        WrongFile: a source is not what was announced, or what has arrived is not what was sent.
        TargetTaken: another file lies at a target.
    """
    content = checked_content(request, schema=_BODY)
    office = _Office(
        limits=TransferLimits.from_env(os.environ),
        readable=FileAccess.of(request=request, context=context),
        writable=FileAccess.of(
            request=request,
            context=context,
            roots=folders(os.environ, "TRANSFER_TARGET_ROOTS"),
            purpose="write to",
            setting="TRANSFER_TARGET_ROOTS",
        ),
        overwrite=content.get("overwrite", False),
        read_back=content.get("readBack", True),
    )
    orders = [
        _Order.of(entry, field=f"files[{number}].", office=office)
        for number, entry in enumerate(content["files"])
    ]
    answers, lines = [], []
    for number, order in enumerate(orders):
        watch = _watch(context, order, number, len(orders))
        notes = Notes(context.checkpoint, entry=str(number))
        transferred, target = order.carry_out(office, watch=watch, notes=notes)
        answers.append(order.to_json(transferred, target=target))
        lines.append(_told(transferred, target))
    return WorkResult.json({"files": answers}, messages=tuple(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Office:
    """What holds for all files of a request."""

    limits: TransferLimits
    readable: FileAccess
    writable: FileAccess
    overwrite: bool
    read_back: bool

    def local_source(self, reference: str, *, field: str) -> Path | None:
        """Return a local source, or ``None`` for one that may be fetched from elsewhere."""
        if protocol_of(reference) == "file":
            return self.readable.locate(reference, field=field)
        self._check_allowed(reference, field=field)
        self.limits.sources.check(reference, field=field)
        return None

    def local_target(self, reference: str, *, field: str) -> Path | None:
        """Return a local target, or ``None`` for one that may be sent elsewhere."""
        if protocol_of(reference) == "file":
            target = self.writable.place(reference, field=field)
            check_name(target.name, field=field)
            return target
        check_writable(reference, protocol=self._check_allowed(reference, field=field), field=field)
        self.limits.targets.check(reference, field=field)
        return None

    def connected(self, reference: str, *, field: str) -> RemoteFile:
        return connected(
            reference,
            allowed=self.limits.protocols,
            setting=_SETTING,
            field=field,
            # Only sources are of the web.
            check_redirect=self.limits.sources.redirects,
        )

    def _check_allowed(self, reference: str, *, field: str) -> str:
        return check_allowed(reference, allowed=self.limits.protocols, setting=_SETTING, field=field)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One file to copy; its places were checked."""

    field: str
    source: str
    target: str
    #: ``None`` for what is on another server.
    local_source: Path | None
    local_target: Path | None
    announced: Announced

    @classmethod
    def of(cls, entry: Mapping[str, Any], *, field: str, office: _Office) -> "_Order":
        return cls(
            field=field,
            source=entry["source"],
            target=entry["target"],
            local_source=office.local_source(entry["source"], field=f"{field}source"),
            local_target=office.local_target(entry["target"], field=f"{field}target"),
            announced=Announced.of(entry, field=field),
        )

    def carry_out(self, office: _Office, *, watch: Watch, notes: Notes) -> tuple[Transferred, str]:
        source = (
            local_file(self.local_source)
            if self.local_source
            else office.connected(self.source, field=f"{self.field}source")
        )
        terms: dict[str, Any] = {
            "announced": self.announced,
            "max_bytes": office.limits.max_bytes,
            "overwrite": office.overwrite,
            "watch": watch,
        }
        if self.local_target:
            done = bring(source, target=self.local_target, field=f"{self.field}source", **terms)
            return done, self.local_target.as_uri()
        target = office.connected(self.target, field=f"{self.field}target")
        terms |= {"read_back": office.read_back, "notes": notes}
        return send(source, target=target, field=self.field, **terms), target.shown

    def to_json(self, done: Transferred, *, target: str) -> dict[str, Any]:
        return {"url": target, "size": done.size, self.announced.algorithm: done.checksum}


def _watch(context: WorkContext, order: _Order, number: int, total: int) -> Watch:
    name = order.target.rpartition("/")[2][:100]
    return lambda size: context.progress(f"{name}: {size} bytes", 100 * number / total)


def _told(done: Transferred, target: str) -> str:
    if done.was_there:
        return f"{target} was there already"
    resumed = f", {done.resumed_at} of them by an earlier attempt" if done.resumed_at else ""
    return f"{target}: {done.size} bytes{resumed}"
