"""Sending a file to another server: it appears there whole and verified, or not at all."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from workers.builtin.file_digest import new_digest
from workers.builtin.shown_url import shown
from workers.builtin.transfer.at_target import digested, exists
from workers.builtin.transfer.failures import SECONDS_BEFORE_RETRY, is_forever, reaching
from workers.builtin.transfer.notes import Notes
from workers.builtin.transfer.partial import check_name
from workers.builtin.transfer.remote import S3, RemoteFile
from workers.builtin.transfer.renamed import RenamedSink
from workers.builtin.transfer.s3_sink import S3Sink, abandon
from workers.builtin.transfer.sink import Shipment, Sink, StartAgain
from workers.builtin.transfer.source import Version, opened, version_of
from workers.builtin.transfer.terms import Announced, TargetTaken, Transferred, Watch, WrongFile
from workers.builtin.transfer.whole import WholeSink
from workers.sdk import Cancelled, InvalidContent, RetryLater

#: What takes files, by protocol.
_SINKS: Final[Mapping[str, Callable[[Shipment], Sink]]] = {
    **dict.fromkeys(("abfs", "az", "gcs", "gs", "memory"), WholeSink),
    **dict.fromkeys(S3, S3Sink),
    **dict.fromkeys(("ftp", "sftp", "ssh"), RenamedSink),
}


class _Outdated(RetryLater):
    """The source is another one now: what was sent of it is of no use."""


#: After these nothing of the file will ever be sent again.
_FINAL: Final = (Cancelled, InvalidContent, WrongFile, _Outdated)


def check_writable(url: str, *, protocol: str, field: str) -> None:
    """Refuse protocols by which files are only read, URLs of folders, and names of files on their way.

    Raises:
        InvalidContent: it is such a protocol, URL or name.
    """
    if protocol not in _SINKS:
        raise InvalidContent(
            f"{field}: nothing is written by {protocol}; by these: {', '.join(sorted(_SINKS))}"
        )
    if url.endswith("/"):
        raise InvalidContent(f"{field}: {shown(url)!r} names a folder, the place of the file is expected")
    if _SINKS[protocol] is RenamedSink:
        check_name(url.rpartition("/")[2], field=field)


def send(
    source: RemoteFile,
    *,
    target: RemoteFile,
    announced: Announced,
    max_bytes: int,
    overwrite: bool,
    read_back: bool,
    watch: Watch,
    notes: Notes,
    field: str,
) -> Transferred:
    """Copy a file to another server, going on where an earlier attempt ended if the server lets us.

    ``read_back`` says whether a file is read again from a server that computes no digest of it.

    Raises:
        InvalidContent: the source is not there or too large.
        RetryLater: one of both does not answer or broke off, or the source changed.
        WrongFile: the source is not what was announced, or what has arrived is not what was sent.
        TargetTaken: another file lies at the target.
    """
    try:
        version = version_of(source, field=f"{field}source")
        announced.check_size(version.size, max_bytes=max_bytes, name=source.shown)
        shipment = Shipment(
            target=target,
            version=version,
            max_bytes=max_bytes,
            overwrite=overwrite,
            resume=True,
            read_back=read_back,
            algorithm=announced.algorithm,
            watch=watch,
            notes=notes,
            field=f"{field}target",
        )
        if not overwrite and exists(target, field=shipment.field):
            sent = _found(source, shipment, announced, field=f"{field}source")
        else:
            sent = _sent(source, shipment, announced, field=f"{field}source")
    except (*_FINAL, TargetTaken):
        abandon(target, notes)
        raise
    abandon(target, notes)
    return sent


def _sent(source: RemoteFile, shipment: Shipment, announced: Announced, *, field: str) -> Transferred:
    try:
        return _carried(source, shipment, announced, field)
    except StartAgain:
        return _carried(source, replace(shipment, resume=False), announced, field)


def _carried(source: RemoteFile, shipment: Shipment, announced: Announced, field: str) -> Transferred:
    with _sink_of(shipment) as sink:
        copied = _copy(source, sink, shipment, field)
        _check_source(source, shipment.version, copied, field=field)
        announced.check(size=copied.size, checksum=copied.checksum, name=source.shown)
        sink.finish(copied)
    return replace(copied, resumed_at=sink.resumed_at)


@contextmanager
def _sink_of(shipment: Shipment) -> Iterator[Sink]:
    """Yield what takes the file; when the block breaks off, what has arrived is kept if it is of use."""
    with reaching(shipment.target.url, field=shipment.field):
        sink = _SINKS[shipment.target.protocol](shipment)
        try:
            yield sink
        except BaseException as error:
            if isinstance(error, _FINAL) or is_forever(error):
                sink.discard()
            else:
                sink.leave()
            raise


def _copy(source: RemoteFile, sink: Sink, shipment: Shipment, field: str) -> Transferred:
    digest, size = new_digest(shipment.algorithm), 0
    with opened(source, at=0, field=field) as (_, pieces):
        for piece in pieces:
            size += len(piece)
            if size > shipment.max_bytes:
                raise InvalidContent(
                    f"{source.shown} has more than {shipment.max_bytes} bytes, the limit (TRANSFER_MAX_BYTES)"
                )
            sink.write(piece)
            digest.update(piece)
            shipment.watch(size)
    return Transferred(size=size, checksum=digest.hexdigest())


def _check_source(source: RemoteFile, version: Version, copied: Transferred, *, field: str) -> None:
    if version_of(source, field=field) != version:
        raise _Outdated(after=SECONDS_BEFORE_RETRY, reason=f"{source.shown} changed while it was read")
    if version.size not in {None, copied.size}:
        raise RetryLater(
            after=SECONDS_BEFORE_RETRY,
            reason=f"{source.shown} ended after {copied.size} of {version.size} bytes",
        )


def _found(source: RemoteFile, shipment: Shipment, announced: Announced, *, field: str) -> Transferred:
    """Compare the file that lies at the target with the source: an earlier attempt may have sent it."""
    terms: dict[str, Any] = {"algorithm": announced.algorithm, "watch": shipment.watch}
    size, checksum = digested(shipment.target, field=shipment.field, **terms)
    expected = announced.checksum or digested(source, field=field, **terms)[1]
    if checksum != expected:
        raise TargetTaken(f"Another file lies at {shipment.target.shown}, and overwriting was not asked for")
    return Transferred(size=size, checksum=checksum, was_there=True)
