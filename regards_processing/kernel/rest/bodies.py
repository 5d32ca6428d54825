"""Bodies as the server delivers them: measured where they have no length, read off where too long."""

import tempfile
from collections.abc import Callable, Iterable
from typing import Any, Final

#: Longer bodies wait in a file.
_IN_MEMORY: Final = 1024 * 1024
_PIECE: Final = 64 * 1024
#: Read off a body that is refused for its length: a sender that is cut off while it sends never sees why.
_READ_OFF: Final = 64 * 1024 * 1024
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def measured(application: Application, *, limit: int) -> Application:
    """Wrap a WSGI application: it sees chunked bodies as others, with a length.

    Django would take them for empty ones. Of a body that is longer than ``limit`` the application sees the
    length, and refuses it by that.
    """

    def handle(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        source = environ["wsgi.input"]
        # A server that does not end the input itself would have us wait for more.
        if not environ.get("wsgi.input_terminated"):
            return application(environ, start_response)
        if "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            if _length(environ) > limit:
                _copy(source, None, limit=_READ_OFF)
            return application(environ, start_response)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as body:
            length = _copy(source, body, limit=limit + 1)
            if length > limit:
                _copy(source, None, limit=_READ_OFF)
            body.seek(0)
            environ |= {"CONTENT_LENGTH": str(length), "wsgi.input": body}
            # Answers are whole when the application returns: nothing reads the body later.
            return application(environ, start_response)

    return handle


def _length(environ: dict[str, Any]) -> int:
    text = environ.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdigit() else 0


def _copy(source: Any, target: Any, *, limit: int) -> int:
    """Read up to ``limit`` bytes, into a file if there is one; return how many there were."""
    length = 0
    while length < limit and (piece := source.read(min(_PIECE, limit - length))):
        if target is not None:
            target.write(piece)
        length += len(piece)
    return length
