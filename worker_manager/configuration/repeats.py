"""Loops of a workflow in a configuration file. Pure; no database."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from regards_processing.kernel.configuration.faults import Fault, Value
from worker_manager.configuration.conditions import CONDITION, condition_faults
from worker_manager.configuration.violations import is_whole, not_boolean, not_object, not_whole, violation
from workers.contract.repetition import FROM, GO_ON, LEAST_ROUNDS, MOST, MOST_ROUNDS, REPEAT, WHILE

_ROUNDS: Final = {"type": "integer", "minimum": LEAST_ROUNDS, "maximum": MOST_ROUNDS}
#: JSON Schema of ``repeat``, an extension of the file of REGARDS.
SCHEMA: Final[Value] = {
    "type": ["object", "null"],
    "description": "A loop that ends with this step: another round follows while a header of its answer says "
    "so.",
    "required": [WHILE, MOST],
    "additionalProperties": False,
    "properties": {
        FROM: {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Number of the step that a round begins with: an earlier one or, as when absent, "
            "this one. No step is in two loops.",
        },
        WHILE: {**CONDITION, "description": "What an additional header of the answer of this step says."},
        MOST: {**_ROUNDS, "description": "Rounds that there may be, the first one included."},
        GO_ON: {
            "type": ["boolean", "null"],
            "default": False,
            "description": "Go on with the next step after the last round that there may be; otherwise the "
            "request ends in ERROR.",
        },
    },
}
_KEYS: Final = tuple(SCHEMA["properties"])
_ALLOWED: Final = f"an object with {WHILE}, {MOST} and, if need be, {FROM} and {GO_ON}"


def repeat_faults(path: str, value: object) -> list[Fault]:
    """Return what is wrong with a loop by itself; an absent one is fine."""
    if value is None:
        return []
    unknown = not_object(path, value, keys=_KEYS, allowed=_ALLOWED)
    if not isinstance(value, dict):
        return unknown
    return [
        *unknown,
        *_start_faults(f"{path}.{FROM}", value.get(FROM)),
        *_while_faults(f"{path}.{WHILE}", value.get(WHILE)),
        *_most_faults(f"{path}.{MOST}", value.get(MOST)),
        *not_boolean(f"{path}.{GO_ON}", value.get(GO_ON)),
    ]


def loop_faults(steps: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return what is wrong with loops among their steps, each of which is right by itself."""
    numbers = sorted(int(step["stepNumber"]) for step in steps)
    spans = {
        place: (_start(step), int(step["stepNumber"]))
        for place, step in enumerate(steps)
        if step.get(REPEAT) is not None
    }
    wrong = [fault for place, span in spans.items() for fault in _span_faults(place, span, numbers)]
    return wrong or list(_overlaps(spans))


def _start_faults(path: str, value: object) -> list[Fault]:
    if value is None or (is_whole(value) and value >= 0):
        return []
    allowed = "the number of this step or of an earlier one"
    return [violation("Min", f"{allowed} is expected", path, value, allowed=allowed)]


def _while_faults(path: str, value: object) -> list[Fault]:
    if value is not None:
        return condition_faults(path, value)
    message, allowed = f"{WHILE} must be present", "a condition, as in onlyIf"
    return [violation("NotNull", message, path, value, allowed=allowed)]


def _most_faults(path: str, value: object) -> list[Fault]:
    if value is not None:
        return not_whole(path, value, least=LEAST_ROUNDS, most=MOST_ROUNDS)
    message, allowed = f"{MOST} must be present", f"a whole number from {LEAST_ROUNDS} to {MOST_ROUNDS}"
    return [violation("NotNull", message, path, value, allowed=allowed)]


def _start(step: Mapping[str, Any]) -> int:
    start = step[REPEAT].get(FROM)
    return int(step["stepNumber"] if start is None else start)


def _span_faults(place: int, span: tuple[int, int], numbers: Sequence[int]) -> list[Fault]:
    first, last = span
    possible = [number for number in numbers if number <= last]
    if first in possible:
        return []
    allowed = f"a step number up to {last}, which are {', '.join(map(str, possible))}"
    message = f"step {last} can be repeated from itself or an earlier step only"
    return [violation("Range", message, _path(place), first, allowed=allowed)]


def _overlaps(spans: Mapping[int, tuple[int, int]]) -> Iterator[Fault]:
    """Give a fault for each loop that has a step of an earlier one."""
    ordered = sorted(spans.items(), key=lambda entry: entry[1][1])
    for (_, earlier), (place, span) in pairwise(ordered):
        if span[0] <= earlier[1]:
            message = f"the loop of steps {earlier[0]} to {earlier[1]} has steps of this one"
            allowed = f"a step number from {earlier[1] + 1} to {span[1]}"
            yield violation("Overlap", message, _path(place), span[0], allowed=allowed)


def _path(place: int) -> str:
    return f"steps[{place}].{REPEAT}.{FROM}"
