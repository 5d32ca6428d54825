"""How much of a tenant and of one user may be on its way at once, and how much is kept. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What executions that have not ended may come to; 0 is any number."""

    executions: int = 0
    #: Bytes of their input files.
    size: int = 0

    @property
    def is_set(self) -> bool:
        """Whether it limits anything."""
        return bool(self.executions or self.size)


@dataclass(slots=True, kw_only=True)
class Usage:
    """What executions that have not ended come to."""

    executions: int = 0
    size: int = 0

    def add(self, *, executions: int, size: int) -> None:
        """Count more of them."""
        self.executions += executions
        self.size += size


@dataclass(slots=True, kw_only=True)
class Allowance:
    """What one tenant may still order."""

    of_tenant: Quota = field(default_factory=Quota)
    of_each_user: Quota = field(default_factory=Quota)
    used: Usage = field(default_factory=Usage)
    used_by: dict[str, Usage] = field(default_factory=dict)
    #: Bytes of output files that the tenant may keep, 0 for any number, and keeps.
    most_kept: int = 0
    kept: int = 0

    def violations(self, *, user: str, executions: int, size: int) -> list[str]:
        """Return a text for each quota that so much more would break."""
        of_user = self.used_by.get(user) or Usage()
        return [
            *_violations("This tenant", self.of_tenant, self.used, executions, size),
            *_violations(f"User {user}", self.of_each_user, of_user, executions, size),
            *self._full(),
        ]

    def take(self, *, user: str, executions: int, size: int) -> list[str]:
        """Count so much more, unless that breaks a quota; return a text for each that it would break."""
        found = self.violations(user=user, executions=executions, size=size)
        if not found:
            self.used.add(executions=executions, size=size)
            self.used_by.setdefault(user, Usage()).add(executions=executions, size=size)
        return found

    def _full(self) -> list[str]:
        if not self.most_kept or self.kept < self.most_kept:
            return []
        return [_FULL.format(most=self.most_kept, now=self.kept)]


def _violations(who: str, quota: Quota, used: Usage, executions: int, size: int) -> list[str]:
    checks = (
        (quota.executions, used.executions, executions, "executions"),
        (quota.size, used.size, size, "bytes of input"),
    )
    return [
        _TEXT.format(who=who, most=most, what=what, now=now, more=more)
        for most, now, more, what in checks
        if most and now + more > most
    ]


_TEXT: Final = (
    "{who} may have {most} {what} on their way at once: there are {now} now, and {more} more were ordered."
)
_FULL: Final = (
    "This tenant may keep {most} bytes of output files: it keeps {now} now, and nothing more is made before "
    "some are fetched and deleted."
)
#: Tenants without a quota are not among them.
Allowances = Mapping[int, Allowance]
