"""Additional headers that stay from step to step."""

import pytest

from workers.contract.kept_headers import MOST_BYTES, HeadersTooLarge, keep


@pytest.mark.parametrize(
    ("before", "own", "kept"),
    [
        (None, None, {}),
        ({"a": "1"}, None, {"a": "1"}),
        (None, {"a": "1"}, {"a": "1"}),
        ({"a": "1", "b": "1"}, {"b": "2", "c": "2"}, {"a": "1", "b": "2", "c": "2"}),
    ],
)
def test_it_lets_later_ones_win(
    before: dict[str, str] | None, own: dict[str, str] | None, kept: dict[str, str]
) -> None:
    assert keep(before, own) == kept


def test_it_keeps_as_many_as_a_message_can_carry() -> None:
    name, value = "é", "x" * (MOST_BYTES - 2)
    assert keep({name: value}, {}) == {name: value}
    with pytest.raises(HeadersTooLarge, match="limited to 65536 bytes, got 65537"):
        keep({name: value}, {"a": ""})


def test_it_keeps_names_that_amqp_can_carry() -> None:
    assert keep({"é" * 127: ""}, None) == {"é" * 127: ""}
    with pytest.raises(HeadersTooLarge, match="limited to 255 bytes, got 256"):
        keep(None, {"é" * 128: ""})
