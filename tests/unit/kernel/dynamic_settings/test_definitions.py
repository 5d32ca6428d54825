"""Values of settings are compared with their schema; names must exist."""

from typing import Any

import pytest

from regards_processing.kernel.dynamic_settings.definitions import (
    MASK,
    InvalidSetting,
    UnknownSetting,
    find_definition,
)
from tests.fakes.configured_service import FIXED, GREETING, PASSWORD


def test_it_takes_a_value_that_the_schema_allows() -> None:
    GREETING.check_shape("good morning")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "Setting greeting needs a value"),
        (7, "Setting greeting is refused: 7 is not of type 'string' at value"),
        ("x" * 21, f"Setting greeting is refused: '{'x' * 21}' is too long at value"),
        ("\0", "Setting greeting is refused: it holds a text that cannot be stored"),
        ("half \ud800", "Setting greeting is refused: it holds a text that cannot be stored"),
    ],
)
def test_it_says_what_is_wrong_with_a_value(value: Any, message: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        GREETING.check_shape(value)
    assert str(refused.value) == message


def test_it_finds_a_definition() -> None:
    assert find_definition(definitions=[GREETING, FIXED], name="fixed") is FIXED


@pytest.mark.parametrize(("definitions", "known"), [([GREETING, FIXED], "greeting, fixed"), ([], "none")])
def test_it_says_which_names_there_are(definitions: list[Any], known: str) -> None:
    with pytest.raises(
        UnknownSetting, match=f"There is no setting 'other'; settings of this service: {known}"
    ):
        find_definition(definitions=definitions, name="other")


@pytest.mark.parametrize(
    ("definition", "value", "is_mask"),
    [(PASSWORD, MASK, True), (PASSWORD, "open", False), (GREETING, MASK, False)],
)
def test_it_knows_the_mask_of_a_sensitive_setting(definition: Any, value: Any, *, is_mask: bool) -> None:
    assert definition.is_mask(value) is is_mask
