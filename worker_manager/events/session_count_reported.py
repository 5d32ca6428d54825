"""What a manager of the reference counts for a session: `StepPropertyUpdateRequestEvent`, to itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from worker_manager.events.session_deleted import name_of
from worker_manager.session_counters import STEP_ID, CounterState, Report
from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage

#: Far above what one bulk counts, and far below what would not fit the sum of many.
_LARGEST: Final = 1_000_000_000
_SIGNS: Final[Mapping[object, int]] = {"INC": 1, "DEC": -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCountReported:
    """One counter of our step in a session goes up or down."""

    tenant: str
    source: str
    session: str
    report: Report
    #: By what the message is known when it comes again.
    fingerprint: UUID
    #: The broker has delivered the message before: it may have been counted.
    again: bool

    @classmethod
    def from_wire(
        cls, *, headers: Mapping[str, Any], body: bytes, tenant: str, fingerprint: UUID, again: bool
    ) -> Self:
        """Read one report.

        Args:
            tenant: whose queue it comes from.

        Raises:
            MalformedMessage: it is of another tenant or of another step, or does not follow the contract.
        """
        if names.required_text(headers, names.TENANT) != tenant:
            raise MalformedMessage(f"Header {names.TENANT} must be that of the queue, {tenant}")
        fields = bodies.load_object(body)
        step = _object(fields, "stepProperty")
        if step.get("stepId") != STEP_ID:
            raise MalformedMessage(f"stepId must be {STEP_ID}, got {step.get('stepId')!r}")
        return cls(
            tenant=tenant,
            source=name_of(step, "source"),
            session=name_of(step, "session"),
            report=_report(_sign(fields), _object(step, "stepPropertyInfo")),
            fingerprint=fingerprint,
            again=again,
        )


def _report(sign: int, fields: Mapping[str, Any]) -> Report:
    return Report(
        name=name_of(fields, "property"),
        by=sign * _count(fields),
        state=_state(fields),
        is_input=_flag(fields, "inputRelated"),
        is_output=_flag(fields, "outputRelated"),
    )


def _object(fields: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = fields.get(field)
    if not isinstance(value, dict):
        raise MalformedMessage(f"{field} must be an object, got {value!r:.100}")
    return value


def _sign(fields: Mapping[str, Any]) -> int:
    told = fields.get("type")
    if not isinstance(told, str) or told not in _SIGNS:
        raise MalformedMessage(f"type must be one of {', '.join(map(str, _SIGNS))}, got {told!r:.100}")
    return _SIGNS[told]


def _count(fields: Mapping[str, Any]) -> int:
    """Return a positive whole number, which the contract has as text."""
    value = fields.get("value")
    text = value if isinstance(value, str) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST))):
        raise MalformedMessage(f"value must be a whole number as text, up to {_LARGEST}, got {value!r:.100}")
    if not 0 < int(text) <= _LARGEST:
        raise MalformedMessage(f"value must be from 1 to {_LARGEST}, got {text}")
    return int(text)


def _state(fields: Mapping[str, Any]) -> CounterState:
    try:
        return CounterState(str(fields.get("state")))
    except ValueError:
        raise MalformedMessage(
            f"state must be one of {', '.join(CounterState)}, got {fields.get('state')!r:.100}"
        ) from None


def _flag(fields: Mapping[str, Any], field: str) -> bool:
    value = fields.get(field, False)
    if not isinstance(value, bool):
        raise MalformedMessage(f"{field} must be true or false, got {value!r:.100}")
    return value
