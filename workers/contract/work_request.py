"""A request as a worker receives it, in both forms: raw message and Celery task argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from workers.contract import bodies
from workers.contract import headers as names
from workers.contract.errors import MalformedMessage
from workers.contract.gathering import gather, gather_headers
from workers.contract.stored_content import StoredContent

#: Of an argument whose headers are kept from earlier steps: those that the last step returned itself.
OWN_HEADERS: Final = "ownHeaders"

_STANDARD = frozenset({names.TENANT, names.REQUEST_ID, names.OWNER, names.SESSION, names.CONTENT_TYPE})
_NOT_ADDITIONAL = _STANDARD | {names.TRACE_PARENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRequest:
    """One step of one request, for one worker."""

    tenant: str
    request_id: str
    owner: str = ""
    session: str = ""
    #: The content type of the request; inside a workflow, the workflow type.
    content_type: str = ""
    #: The client's bytes, or what the previous step returned.
    content: bytes = b""
    #: Ours: where the content is, when it is not here.
    stored: StoredContent | None = None
    #: Ours: the sender takes an answer whose content is stored.
    accepts_stored: bool = False
    #: Additional headers that the previous step returned.
    headers: Mapping[str, str]
    #: ``<technical id>:<step>:<attempt>``; ``None`` when the sender does not fence its dispatches.
    dispatch_id: str | None = None
    #: Ours: the span of the dispatch, as the header ``traceparent``.
    trace_parent: str | None = None

    @classmethod
    def from_raw(cls, *, headers: Mapping[str, Any], body: bytes, message_id: str | None) -> Self:
        """Read the raw message of the contract.

        Raises:
            MalformedMessage: tenant or request id is missing, or a header is not a string.
        """
        return cls(
            tenant=names.required_text(headers, names.TENANT),
            request_id=names.required_text(headers, names.REQUEST_ID),
            owner=names.text(headers, names.OWNER) or "",
            session=names.text(headers, names.SESSION) or "",
            content_type=names.text(headers, names.CONTENT_TYPE) or "",
            content=body,
            headers=_additional(headers),
            dispatch_id=message_id,
            trace_parent=names.trace_parent(headers),
        )

    @classmethod
    def from_task_argument(
        cls, argument: object, *, dispatch_id: str | None, accepts_stored: bool = False
    ) -> Self:
        """Read the one argument of a Celery task message: ``{"content": base64, "headers": {...}}``.

        An array of them is what a group of a native chain returned: its contents are gathered. The content of
        a managed request may be a reference (`StoredContent`).

        Raises:
            MalformedMessage: the argument does not have this shape.
        """
        if isinstance(argument, list) and argument:
            members = [cls.from_task_argument(one, dispatch_id=dispatch_id) for one in argument]
            return cls._gathered(members, own=[_own_headers(one) for one in argument])
        if not isinstance(argument, Mapping) or not isinstance(argument.get("headers"), Mapping):
            raise MalformedMessage("The task argument must be an object with content and headers")
        given, stored = argument.get("content"), None
        if isinstance(given, Mapping) and dispatch_id is not None:
            given, stored = None, StoredContent.from_json(given)
        content = bodies.decode_content(given) or b""
        read = cls.from_raw(headers=argument["headers"], body=content, message_id=dispatch_id)
        if stored is None and not accepts_stored:
            return read
        return replace(read, stored=stored, accepts_stored=accepts_stored)

    @classmethod
    def _gathered(cls, members: "list[Self]", own: Sequence[Mapping[str, str]]) -> Self:
        # What a member returned itself goes before what another one only kept.
        return replace(
            members[0],
            content=gather([member.content for member in members]),
            headers=gather_headers([*(member.headers for member in members), *own]),
        )

    def _standard_headers(self) -> dict[str, str]:
        """Return the five headers that every request has."""
        return {
            names.TENANT: self.tenant,
            names.REQUEST_ID: self.request_id,
            names.OWNER: self.owner,
            names.SESSION: self.session,
            names.CONTENT_TYPE: self.content_type,
        }

    def wire_headers(self) -> dict[str, str]:
        """Return the headers of the raw message: the standard ones, the additional ones, ``traceparent``."""
        return self._carried(self._standard_headers() | dict(self.headers))

    def own_headers(self) -> dict[str, str]:
        """Return the headers of a task message: without the additional ones, with what its sender takes."""
        own = self._carried(self._standard_headers())
        return own | {names.ACCEPTS_STORED_CONTENT: names.YES} if self.accepts_stored else own

    def _carried(self, carried: dict[str, str]) -> dict[str, str]:
        return carried if self.trace_parent is None else carried | {names.TRACE_PARENT: self.trace_parent}

    def to_task_argument(self) -> dict[str, object]:
        """Return the one argument of the Celery task message of this request."""
        content = bodies.encode_content(self.content) if self.stored is None else self.stored.to_json()
        return {"content": content, "headers": self.wire_headers()}


def _own_headers(argument: object) -> dict[str, str]:
    own = argument.get(OWN_HEADERS) if isinstance(argument, Mapping) else None
    return _additional(own) if isinstance(own, Mapping) else {}


def _additional(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in headers.items() if _is_additional(name, value)}


def _is_additional(name: str, value: object) -> bool:
    return value is not None and name not in _NOT_ADDITIONAL and not name.startswith("x-")
