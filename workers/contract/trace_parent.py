"""The header ``traceparent`` of W3C Trace Context: which span caused a message."""

import re
from dataclasses import dataclass
from typing import Final, Self

#: Version, trace, span, flags; later versions may add more. Zeros are no ids, and there is no version ff.
_FORM: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_SAMPLED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceParent:
    """A span, as others refer to it."""

    #: 32 hexadecimal digits.
    trace_id: str
    #: 16 hexadecimal digits.
    span_id: str
    #: Whether the trace is recorded.
    sampled: bool

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read a header; one that is malformed counts as none: nobody must lose a request by it."""
        form = _FORM.fullmatch(text or "")
        if form is None or (form[1] == "00" and form[5]):
            return None
        return cls(trace_id=form[2], span_id=form[3], sampled=bool(int(form[4], 16) & _SAMPLED))

    def to_header(self) -> str:
        """Write the header."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"
