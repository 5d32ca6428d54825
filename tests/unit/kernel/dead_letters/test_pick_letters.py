"""Which messages a choice means, and how far it looks for them."""

from collections.abc import Iterator

import pytest

from regards_processing.kernel.amqp.browsing import Letter
from regards_processing.kernel.amqp.testing import inbound
from regards_processing.kernel.dead_letters.choice import Choice

_TENANTS = ("a", "b", "a", "b")


def _letters() -> Iterator[Letter]:
    for position, tenant in enumerate(_TENANTS, 1):
        message = inbound(headers={"regards.tenant": tenant}, body=b"%d" % position)
        yield Letter(position=position, message=message, mark=None)


@pytest.mark.parametrize(
    ("choice", "positions", "cut"),
    [
        (Choice(queue="q"), [1, 2, 3, 4], False),
        (Choice(queue="q", within=4), [1, 2, 3, 4], False),
        (Choice(queue="q", within=3), [1, 2, 3], True),
        (Choice(queue="q", within=3, tenant="b"), [2], True),
        (Choice(queue="q", tenant="b"), [2, 4], False),
        (Choice(queue="q", tenant="b", limit=1), [2], False),
        (Choice(queue="q", patience=60.0), [1, 2, 3, 4], False),
        (Choice(queue="q", patience=-1.0), [], True),
        (Choice(queue="q", identities=()), [], False),
    ],
)
def test_it_looks_no_further_than_it_may(choice: Choice, positions: list[int], *, cut: bool) -> None:
    pick = choice.pick(_letters())
    assert [letter.position for letter in pick] == positions
    assert pick.cut is cut
