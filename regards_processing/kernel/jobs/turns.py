"""Whose job is next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

#: Key of a tenant; none for work of the whole platform, which takes its turn like a tenant.
Owner = int | None

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Jobs that may be queued or running at a time."""

    per_owner: int
    overall: int


def choose(
    *,
    waiting: Mapping[Owner, Sequence[UUID]],
    active: Mapping[Owner, int],
    last_turns: Mapping[Owner, datetime],
    limits: Limits,
) -> list[UUID]:
    """Return the jobs to queue now: owners are visited in turn, the one that waited longest for a turn first.

    Args:
        waiting: jobs of each owner, next one first.
        active: how many jobs of each owner are queued or running.
        last_turns: when each owner had its last turn; an owner without one goes first.
        limits: how many there may be.
    """
    free = limits.overall - sum(active.values())
    room = {owner: limits.per_owner - active.get(owner, 0) for owner in waiting}
    order = sorted(waiting, key=lambda owner: last_turns.get(owner, _NEVER))
    rounds = range(max(room.values(), default=0))
    visits = ((owner, number) for number in rounds for owner in order)
    chosen = [
        waiting[owner][number] for owner, number in visits if number < min(room[owner], len(waiting[owner]))
    ]
    return chosen[: max(free, 0)]
