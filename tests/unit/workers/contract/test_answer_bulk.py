import pytest

from workers.contract import answer_bulk
from workers.contract.errors import MalformedMessage
from workers.contract.wire import Wire

ANSWERS = [
    Wire(
        headers={"regards.tenant": "t", "regards.request.id": "ä\n"},
        body=b'{"status":"SUCCESS"}',
        correlation_id="1:1:1",
    ),
    Wire(headers={}, body=b"{}"),
]


def _parts(body: bytes) -> list[Wire]:
    return answer_bulk.parts(Wire(headers={}, body=body), content_type=answer_bulk.CONTENT_TYPE)


def test_it_reads_what_it_wrote() -> None:
    assert _parts(answer_bulk.join(ANSWERS)) == ANSWERS


def test_it_takes_any_other_message_as_it_is() -> None:
    assert answer_bulk.parts(ANSWERS[0], content_type="application/json") == [ANSWERS[0]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"headers":{}}\n{}',
        b'{"headers":[],"correlationId":null}\n{}',
        b"no\n{}",
        b'{"headers":{},"correlationId":5}\n{}',
    ],
)
def test_it_refuses_anything_else(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        _parts(body)
