"""The policy of a worker type or of a step in a configuration file. Pure; no database."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from regards_processing.kernel.configuration.faults import Fault, Value
from worker_manager.configuration.violations import not_object, violation
from worker_manager.policy import Backoff, BackoffKind, Failure

#: A year: what is longer is a mistake.
_LONGEST: Final = 31_536_000
_SHORTEST: Final = 0.1
_MOST_ATTEMPTS: Final = 1000
_STEEPEST: Final = 10
_PLAIN: Final = Backoff()

Check = Callable[[str, object], list[Fault]]


def _number(least: float, most: float, **others: object) -> dict[str, Any]:
    return {"type": ["number", "null"], "minimum": least, "maximum": most, **others}


_BACKOFF: Final[Value] = {
    "type": ["object", "null"],
    "description": "The pause before a new attempt; none when this is absent.",
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": [*(kind.value for kind in BackoffKind), None], "default": _PLAIN.kind.value},
        "delay": _number(0, _LONGEST, default=_PLAIN.delay, description="Seconds before the second attempt."),
        "factor": _number(
            1, _STEEPEST, default=_PLAIN.factor, description="By how much each next pause is longer."
        ),
        "cap": _number(0, _LONGEST, default=_PLAIN.cap, description="Longest pause, in seconds."),
        "jitter": _number(
            0, 1, default=_PLAIN.jitter, description="Part of a pause that chance may take away."
        ),
    },
}
#: JSON Schema of ``policy``, an extension of the file of REGARDS.
SCHEMA: Final[Value] = {
    "type": ["object", "null"],
    "description": "How long an attempt may take, and what follows when it fails.",
    "additionalProperties": False,
    "properties": {
        "queueTimeout": _number(
            _SHORTEST, _LONGEST, description="Seconds from the dispatch to the first sign of a worker."
        ),
        "runTimeout": _number(
            _SHORTEST, _LONGEST, description="Seconds between two signs of the worker that runs it."
        ),
        "maxAttempts": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": _MOST_ATTEMPTS,
            "description": "Attempts at a step, the first one included.",
        },
        "backoff": _BACKOFF,
        "retryOn": {
            "type": ["array", "null"],
            "items": {"enum": [failure.value for failure in Failure]},
            "description": "What a new attempt follows on; LOST, QUEUE_TIMEOUT and RUN_TIMEOUT when absent.",
        },
    },
}


def policy_faults(path: str, value: object) -> list[Fault]:
    """Return what is wrong with a policy; an absent one is fine."""
    return _object_faults(path, value, _CHECKS)


def _object_faults(path: str, value: object, checks: Mapping[str, Check]) -> list[Fault]:
    if value is None:
        return []
    allowed = f"an object with any of {', '.join(checks)}"
    unknown = not_object(path, value, keys=checks, allowed=allowed)
    if not isinstance(value, dict):
        return unknown
    known = [
        fault
        for name, check in checks.items()
        if value.get(name) is not None
        for fault in check(f"{path}.{name}", value[name])
    ]
    return unknown + known


def _within(least: float, most: float, *, whole: bool = False) -> Check:
    allowed = f"a {'whole ' if whole else ''}number from {least:g} to {most:.0f}"

    def check(path: str, value: object) -> list[Fault]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return [violation("Type", "a number is expected", path, value, allowed=allowed)]
        if not least <= value <= most or (whole and value != int(value)):
            return [violation("Range", "the number is not allowed", path, value, allowed=allowed)]
        return []

    return check


def _kind(path: str, value: object) -> list[Fault]:
    kinds = [kind.value for kind in BackoffKind]
    if value in kinds:
        return []
    return [violation("Enum", "the kind is not known", path, value, allowed=" or ".join(kinds))]


def _failures(path: str, value: object) -> list[Fault]:
    known = [failure.value for failure in Failure]
    allowed = f"an array with any of {', '.join(known)}"
    if not isinstance(value, list):
        return [violation("Type", "an array is expected", path, value, allowed=allowed)]
    return [
        violation("Enum", "the failure is not known", f"{path}[{place}]", entry, allowed=", ".join(known))
        for place, entry in enumerate(value)
        if entry not in known
    ]


def _backoff(path: str, value: object) -> list[Fault]:
    return _object_faults(path, value, _BACKOFF_CHECKS)


_seconds: Final = _within(0, _LONGEST)
_BACKOFF_CHECKS: Final[Mapping[str, Check]] = {
    "kind": _kind,
    "delay": _seconds,
    "factor": _within(1, _STEEPEST),
    "cap": _seconds,
    "jitter": _within(0, 1),
}
_CHECKS: Final[Mapping[str, Check]] = {
    "queueTimeout": _within(_SHORTEST, _LONGEST),
    "runTimeout": _within(_SHORTEST, _LONGEST),
    "maxAttempts": _within(1, _MOST_ATTEMPTS, whole=True),
    "backoff": _backoff,
    "retryOn": _failures,
}
