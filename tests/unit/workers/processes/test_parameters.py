"""Values of parameters: of the type that is declared, or refused with what would be right."""

from typing import Any

import pytest

from workers.processes.parameters import BadValue, ParameterDescriptor, ParameterType, check_value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("STRING", ""),
        ("BYTE", -128),
        ("SHORT", 32767),
        ("INTEGER", -(2**31)),
        ("LONG", 2**63 - 1),
        ("FLOAT", 1),
        ("DOUBLE", 1.5),
        ("BOOLEAN", False),
        ("MAP", {"a": 1}),
        ("POJO", {}),
        ("COLLECTION", []),
        ("COLLECTION", [None, {"a": [10**400, 1.5, "b"]}]),
        ("PLUGIN", "some-id"),
    ],
)
def test_it_takes_values_of_the_type(kind: str, value: Any) -> None:
    assert check_value(ParameterType(kind), value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("STRING", 1),
        ("STRING", "a\0"),
        ("STRING", "\ud800"),
        ("BYTE", 128),
        ("SHORT", 32768),
        ("INTEGER", 1.0),
        ("LONG", True),
        ("LONG", 2**63),
        ("FLOAT", "1"),
        ("DOUBLE", float("nan")),
        ("DOUBLE", float("-inf")),
        ("DOUBLE", 10**400),
        ("FLOAT", -(10**400)),
        ("DOUBLE", False),
        ("BOOLEAN", "true"),
        ("MAP", []),
        ("POJO", "{}"),
        ("COLLECTION", {}),
        ("COLLECTION", [float("nan")]),
        ("COLLECTION", [[{"a": "\0"}]]),
        ("MAP", {"a\0": 1}),
        ("MAP", {"a": "\udfff"}),
        ("POJO", {"a": [float("inf")]}),
        ("REGARDS_ENTITY_MODEL", None),
    ],
)
def test_it_refuses_values_of_another_type(kind: str, value: Any) -> None:
    with pytest.raises(BadValue, match="is expected"):
        check_value(ParameterType(kind), value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("STRING", "true", "true"),
        ("BOOLEAN", " True ", True),
        ("LONG", "12", 12),
        ("DOUBLE", "1.5", 1.5),
        ("MAP", '{"a": 1}', {"a": 1}),
        ("COLLECTION", "[1]", [1]),
    ],
)
def test_it_converts_texts(kind: str, text: str, value: Any) -> None:
    assert _declared(kind).convert(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [("BOOLEAN", "yes"), ("LONG", "1.5"), ("LONG", ""), ("MAP", "["), ("DOUBLE", "1" + "0" * 400)],
)
def test_it_refuses_texts_that_stand_for_nothing(kind: str, text: str) -> None:
    with pytest.raises(BadValue):
        _declared(kind).convert(text)


def test_it_names_the_choices_there_are() -> None:
    with pytest.raises(BadValue, match="'c' is refused: one of a, b is expected"):
        _declared("STRING", choices=("a", "b")).check("c")


def test_it_describes_a_parameter_as_the_contract_does() -> None:
    assert _declared("LONG", default="0").to_json() == {
        "name": "limit",
        "label": "Limit",
        "description": "How many",
        "type": "LONG",
        "defaultValue": "0",
        "optional": True,
        "sensitive": False,
        "unconfigurable": False,
    }


def _declared(kind: str, **others: Any) -> ParameterDescriptor:
    return ParameterDescriptor(
        name="limit", label="Limit", description="How many", type=ParameterType(kind), **others
    )


def _secret(**others: Any) -> ParameterDescriptor:
    plain: dict[str, Any] = {"name": "pin", "label": "PIN", "description": "A secret", "sensitive": True}
    return ParameterDescriptor(**(plain | others))


@pytest.mark.parametrize(
    ("declared", "value"),
    [(_secret(), 1234), (_secret(choices=("1111",)), "1234")],
    ids=["another type", "no choice"],
)
def test_it_does_not_tell_a_secret_that_it_refuses(declared: ParameterDescriptor, value: Any) -> None:
    with pytest.raises(BadValue, match=r"^'\*\*\*' is refused: ") as refused:
        declared.check(value)
    assert "1234" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("kind", [each for each in ParameterType if each is not ParameterType.STRING])
def test_only_a_text_can_be_a_secret(kind: ParameterType) -> None:
    with pytest.raises(ValueError, match=rf"pin is sensitive and a {kind}: only a STRING"):
        _secret(type=kind)
