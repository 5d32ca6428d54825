import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract import headers
from workers.contract.trace_parent import TraceParent

_TRACE, _SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def _hexadecimal(length: int) -> st.SearchStrategy[str]:
    return st.integers(1, 16**length - 1).map(lambda number: f"{number:0{length}x}")


@given(trace_id=_hexadecimal(32), span_id=_hexadecimal(16), sampled=st.booleans())
def test_it_reads_what_it_wrote(trace_id: str, span_id: str, *, sampled: bool) -> None:
    written = TraceParent(trace_id=trace_id, span_id=span_id, sampled=sampled)
    assert TraceParent.parse(written.to_header()) == written


@pytest.mark.parametrize(
    ("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True), ("ff", True)]
)
def test_it_reads_whether_the_trace_is_recorded(flags: str, *, sampled: bool) -> None:
    read = TraceParent.parse(f"00-{_TRACE}-{_SPAN}-{flags}")
    assert read == TraceParent(trace_id=_TRACE, span_id=_SPAN, sampled=sampled)


def test_it_reads_what_a_later_version_has_in_common() -> None:
    read = TraceParent.parse(f"01-{_TRACE}-{_SPAN}-01-more")
    assert read == TraceParent(trace_id=_TRACE, span_id=_SPAN, sampled=True)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "garbage",
        f"00-{_TRACE}-{_SPAN}",
        f"00-{_TRACE}-{_SPAN}-01-more",
        f"00-{_TRACE}-{_SPAN}-01\n",
        f"ff-{_TRACE}-{_SPAN}-01",
        f"00-{'0' * 32}-{_SPAN}-01",
        f"00-{_TRACE}-{'0' * 16}-01",
        f"00-{_TRACE.upper()}-{_SPAN}-01",
        f"00-{_TRACE}-{_SPAN}-0१",
    ],
)
def test_it_takes_anything_else_for_nothing(text: str | None) -> None:
    assert TraceParent.parse(text) is None


@pytest.mark.parametrize(("value", "read"), [("text", "text"), (None, None), (7, None), (b"bytes", None)])
def test_it_finds_text_only_among_headers(value: object, read: str | None) -> None:
    assert headers.trace_parent({"traceparent": value}) == read
