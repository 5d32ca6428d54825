"""What is checked: every app brings its own checks, and the setting ``DOCTOR_CHECKS`` names them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from regards_processing.kernel.doctor.findings import Finding
from regards_processing.kernel.errors import DomainError

#: Looks and tells what it found; it gets the time as ``at``.
Look = Callable[[datetime], Iterable[Finding]]


class UnknownCheck(DomainError):
    """There is no check of this name."""

    code = "UNKNOWN_CHECK"
    http_status = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question that the doctor asks."""

    #: What people call it.
    name: str
    #: What is asked, in a few words.
    question: str
    look: Look
    #: Checks that must not have failed for this one to make sense.
    needs: tuple[str, ...] = ()
    #: Seconds that it may take.
    timeout: float = 20.0


def known_checks() -> list[Check]:
    """Return every check that the apps bring, in the order they are made."""
    found: list[Check] = []
    for path in settings.DOCTOR_CHECKS:
        checks: Sequence[Check] = import_string(path)
        found += checks
    return found


def chosen_checks(names: Sequence[str]) -> list[Check]:
    """Return the checks of these names, all when there are none.

    Raises:
        UnknownCheck: there is none of this name.
    """
    known = known_checks()
    for name in names:
        if name not in {check.name for check in known}:
            raise UnknownCheck(
                f"There is no check {name!r}; there are {', '.join(check.name for check in known)}"
            )
    return [check for check in known if not names or check.name in names]
