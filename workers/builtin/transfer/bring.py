"""Bringing a file to a local place: resumed, verified, published in one step."""

from pathlib import Path
from typing import Final

from workers.builtin.transfer.failures import SECONDS_BEFORE_RETRY
from workers.builtin.transfer.partial import Partial, is_same, partial_of
from workers.builtin.transfer.remote import RemoteFile
from workers.builtin.transfer.source import Version, opened, version_of
from workers.builtin.transfer.terms import Announced, Transferred, Watch, WrongFile
from workers.sdk import InvalidContent, RetryLater

#: After a mixture of two versions was thrown away.
_SOON: Final = 1


def bring(
    source: RemoteFile,
    *,
    target: Path,
    announced: Announced,
    max_bytes: int,
    overwrite: bool,
    watch: Watch,
    field: str,
) -> Transferred:
    """Copy a file to ``target``, going on where an earlier attempt ended if that can be told.

    Raises:
        InvalidContent: the source is not there, or too large.
        RetryLater: the source does not answer, broke off or changed; what has come is kept if it is of use.
        WrongFile: the source is not what was announced.
        TargetTaken: another file lies at the target.
    """
    if announced.checksum and is_same(
        target, size=announced.size, algorithm=announced.algorithm, checksum=announced.checksum
    ):
        return Transferred(size=target.stat().st_size, checksum=announced.checksum, was_there=True)
    version = version_of(source, field=field)
    announced.check_size(version.size, max_bytes=max_bytes, name=source.shown)
    resumable = version.size is not None and (version.sure or announced.checksum is not None)
    with partial_of(target, mark=version.mark, algorithm=announced.algorithm) as partial:
        try:
            resumed_at = _resumed(partial, version, resumable=resumable)
            resumed_at = _fill(partial, source, version, resumed_at, max_bytes, watch, field)
        except BaseException:
            if not resumable:
                partial.discard()
            raise
        _verify(partial, source, version, announced, resumed=resumed_at > 0, field=field)
        was_there = partial.publish(target, overwrite=overwrite)
        return Transferred(
            size=partial.size, checksum=partial.checksum, resumed_at=resumed_at, was_there=was_there
        )


def _resumed(partial: Partial, version: Version, *, resumable: bool) -> int:
    if resumable:
        partial.reread()
    if not resumable or (version.size is not None and partial.size > version.size):
        partial.restart()
    return partial.size


def _fill(
    partial: Partial,
    source: RemoteFile,
    version: Version,
    at: int,
    max_bytes: int,
    watch: Watch,
    field: str,
) -> int:
    """Read what is missing; return how much of an earlier attempt was of use."""
    if at == version.size:
        return at
    with opened(source, at=at, field=field) as (begins, pieces):
        if begins != at:
            partial.restart()
        for piece in pieces:
            if partial.size + len(piece) > max_bytes:
                partial.discard()
                raise InvalidContent(
                    f"{source.shown} has more than {max_bytes} bytes, the limit (TRANSFER_MAX_BYTES)"
                )
            partial.append(piece)
            watch(partial.size)
    return begins


def _verify(
    partial: Partial,
    source: RemoteFile,
    version: Version,
    announced: Announced,
    *,
    resumed: bool,
    field: str,
) -> None:
    if version.size is not None and partial.size < version.size:
        raise RetryLater(
            after=SECONDS_BEFORE_RETRY,
            reason=f"{source.shown} ended after {partial.size} of {version.size} bytes",
        )
    if version_of(source, field=field) != version or version.size not in {None, partial.size}:
        partial.discard()
        raise RetryLater(after=SECONDS_BEFORE_RETRY, reason=f"{source.shown} changed while it was read")
    try:
        announced.check(size=partial.size, checksum=partial.checksum, name=source.shown)
    except WrongFile as error:
        partial.discard()
        if resumed:
            raise RetryLater(after=_SOON, reason=f"{error}; it is brought from its start again") from error
        raise
