"""What somebody saw who changes something: what others have made of it since is not overwritten."""

import hashlib
import json

from regards_processing.kernel.configuration.faults import Value
from regards_processing.kernel.errors import DomainError


class SomebodyElseChangedIt(DomainError):
    """Somebody else has changed it since you opened this page. Open it again, and change what is there."""

    code = "CHANGED_MEANWHILE"
    http_status = 409


def seen_of(value: Value | None) -> str:
    """Return what tells a value from every other one."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def check_seen(*, seen: str | None, value: Value) -> None:
    """Check that a value is the one that was seen, if anybody says; its tenant's configuration is locked.

    Raises:
        SomebodyElseChangedIt: it is another.
    """
    if seen is not None and seen != seen_of(value):
        raise SomebodyElseChangedIt
