"""The definition of a queue is read out of the refusals of a broker."""

from collections.abc import Mapping

import pytest
from amqp.exceptions import PreconditionFailed

from regards_processing.kernel.amqp.definitions import Arguments, Declare, Value, differences
from regards_processing.kernel.amqp.inspection import Difference

OURS: Mapping[str, Value] = {"durable": True, "auto_delete": False, "x-max-priority": 255, "x-key": "DLQ"}
#: Length of RabbitMQ's texts.
_LONGEST = 255


def _text(value: Value | None) -> str:
    """Write a value as RabbitMQ does."""
    match value:
        case None:
            return "none"
        case bool():
            return f"'{str(value).lower()}'"
        case int():
            return f"the value '{value}' of type 'signedint'"
    return f"the value '{value}' of type 'longstr'"


def a_broker(definition: Arguments, *, name: str = "q") -> Declare:
    """Return a broker that has a queue with this definition."""

    def declare(given: Arguments) -> None:
        for argument in sorted({*definition, *given}):
            theirs, ours = definition.get(argument), given.get(argument)
            if theirs != ours:
                text = f"inequivalent arg '{argument}' for queue '{name}' in vhost 'v': "
                text += f"received {_text(ours)} but current is {_text(theirs)}"
                cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
                raise PreconditionFailed(cut, (50, 10), "Queue.declare", 406)

    return declare


def a_broker_that_wants_10(told: str) -> Declare:
    """Return a broker that refuses any other priority, and tells its own in these words."""

    def declare(given: Arguments) -> None:
        refusal = f"inequivalent arg 'x-max-priority' for queue 'q': received '255' but current is {told}"
        if given.get("x-max-priority") != 10:
            raise PreconditionFailed(refusal, (50, 10), "Queue.declare", 406)

    return declare


def _found(definition: Arguments, *, name: str = "q") -> list[tuple[str, str, str]]:
    found = differences(a_broker(definition, name=name), ours=OURS)
    return [(one.argument, one.ours, one.theirs) for one in found]


def test_it_finds_nothing_when_the_definition_is_ours() -> None:
    assert _found(dict(OURS)) == []


def test_it_finds_every_difference() -> None:
    theirs: Arguments = {
        "durable": False,
        "auto_delete": True,
        "x-max-priority": 10,
        "x-ttl": 5,
        "x-mode": "lazy",
    }
    assert _found(theirs) == [
        ("auto_delete", "false", "true"),
        ("durable", "true", "false"),
        ("x-key", "DLQ", "absent"),
        ("x-max-priority", "255", "10"),
        ("x-mode", "absent", "lazy"),
        ("x-ttl", "absent", "5"),
    ]


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ({}, "absent"),
        ({"x-max-priority": 1}, "1"),
        ({"x-max-priority": 254}, "254"),
        ({"x-max-priority": 1000}, "unknown"),
    ],
)
def test_it_tries_values_that_the_text_has_no_room_for(theirs: Arguments, told: str) -> None:
    rest = {name: value for name, value in OURS.items() if name != "x-max-priority"}
    assert _found(rest | theirs, name="n" * 200) == [("x-max-priority", "255", told)]


def test_it_goes_on_behind_a_value_that_it_found_by_trying() -> None:
    theirs = {"durable": False, **{name: value for name, value in OURS.items() if name.startswith("a")}}
    assert [argument for argument, _, _ in _found(theirs, name="n" * 200)] == [
        "durable",
        "x-key",
        "x-max-priority",
    ]


@pytest.mark.parametrize(
    ("told", "theirs"),
    [
        ("'10'", "10"),
        ("the value '[1,2]' of type 'array'", "unknown"),
        ("the value '1.5' of type 'double'", "unknown"),
    ],
)
def test_it_reads_values_of_other_types(told: str, theirs: str) -> None:
    assert differences(a_broker_that_wants_10(told), ours=OURS) == (
        Difference(argument="x-max-priority", ours="255", theirs=theirs),
    )


def test_it_does_not_hide_other_refusals() -> None:
    def declare(_given: Arguments) -> None:
        raise PreconditionFailed("invalid arg 'x-max-priority'", (50, 10), "Queue.declare", 406)

    with pytest.raises(PreconditionFailed):
        differences(declare, ours=OURS)
