"""Requests submitted over HTTP."""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.urls import URLPattern
from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response
from rest_framework.settings import api_settings

from regards_processing.kernel import clock
from regards_processing.kernel.auth import security_log
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.observability import tracing
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.fields import EnumField, TextField
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from worker_manager.events.request_answered import ResponseState
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.services.direct_submission import submit_directly
from workers.contract.bodies import load_object
from workers.contract.errors import MalformedMessage
from workers.contract.headers import MAX_LENGTH
from workers.contract.names import MAX_PRIORITY

#: Requests of one call: as many as a manager takes in at once.
MAX_REQUESTS: Final = 1000
_BODIES: Final = ("content", "contentBase64", "url")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_MAX_URL: Final = 4096
#: Key of the errors that are about no field alone.
_WHOLE: Final = api_settings.NON_FIELD_ERRORS_KEY
_EXAMPLE: Final = {
    "requestId": "r-17",
    "source": "acme",
    "session": "2025-06",
    "contentType": "unzip",
    "content": {"url": "file:///data/in/scene.zip"},
}


class ContentField(serializers.DictField):
    """A JSON object, as the bytes of a body."""

    def to_internal_value(self, data: Any) -> bytes:  # type: ignore[override] # the body, not its parts
        """Return the body."""
        content = super().to_internal_value(data)
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


class EncodedContentField(serializers.CharField):
    """Base64 of a JSON object: a body to the byte."""

    default_error_messages = {
        "not_base64": "not Base64 (standard alphabet, padded)",
        "no_object": "{reason}",
    }

    def to_internal_value(self, data: Any) -> bytes:  # type: ignore[override] # the body, not its text
        """Return the body."""
        try:
            body = base64.b64decode(super().to_internal_value(data), validate=True)
        except (binascii.Error, ValueError):
            self.fail("not_base64")
        try:
            load_object(body)
        except MalformedMessage as error:
            self.fail("no_object", reason=error.reason)
        return body


class ReferenceField(serializers.CharField):
    """Where a file is, as the body that worker types understand who read it."""

    default_error_messages = {
        "no_address": "{input} is not an address such as file:///data/in/scene.zip or https://host/scene.zip"
    }

    def to_internal_value(self, data: Any) -> bytes:  # type: ignore[override] # the body, not its text
        """Return the body."""
        url = super().to_internal_value(data)
        if not _SCHEME.match(url):
            self.fail("no_address", input=repr(url))
        return json.dumps({"url": url}, separators=(",", ":"), ensure_ascii=False).encode()


def _not_blank(text: str) -> None:
    if not text.strip():
        raise serializers.ValidationError("This field may not be blank.")


def _header(**options: Any) -> TextField:
    return TextField(**{"required": False, "allow_null": True, "max_length": MAX_LENGTH} | options)


class SubmissionSerializer(serializers.Serializer[Any]):
    """A request: what is a header of the message to REGARDS is a field here, and one of three is its body."""

    requestId = _header(allow_blank=False, help_text="Unique in the tenant; made up when absent")  # noqa: N815 (the contract's name)
    source = _header(help_text="Whose request it is")  # type: ignore[assignment] # the contract's name; the metaclass takes it away
    owner = _header(help_text="The same, by its name in messages")
    session = _header(required=True, allow_null=False, help_text="Groups requests of a source")
    contentType = _header(  # noqa: N815 (likewise)
        required=True,
        allow_null=False,
        allow_blank=False,
        validators=[_not_blank],
        help_text="Chooses the worker type or the workflow",
    )
    priority = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MAX_PRIORITY,
        help_text="Higher ones go first; of the worker type or workflow when absent",
    )
    content = ContentField(required=False, allow_null=True, help_text="The body, a JSON object")
    contentBase64 = EncodedContentField(  # noqa: N815 (ours, like the others)
        required=False, allow_null=True, help_text="The body to the byte: Base64 of a JSON object"
    )
    url = ReferenceField(
        required=False,
        allow_null=True,
        max_length=_MAX_URL,
        help_text='Where a file is: the body becomes {"url": …}, and the worker reads the file',
    )

    def to_internal_value(self, data: Any) -> Any:
        """Return the fields; what is wrong with the whole is told beside what is wrong in them."""
        faults = self._faults(data) if isinstance(data, Mapping) else {}
        try:
            found = super().to_internal_value(data)
        except serializers.ValidationError as error:
            of_fields: Any = error.detail
            raise serializers.ValidationError({**of_fields, **faults}) from error
        if faults:
            raise serializers.ValidationError(faults)
        return found

    def _faults(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return what is wrong with no source, no body or two, and fields that nobody knows."""
        faults = {
            name: [f"This field is not known. Known are {', '.join(self.fields)}."]
            for name in data
            if name not in self.fields
        }
        if data.get("source") is None and data.get("owner") is None:
            faults["source"] = ["This field is required."]
        given = [name for name in _BODIES if data.get(name) is not None]
        if len(given) != 1:
            expected = f"exactly one of {', '.join(_BODIES)} is expected"
            faults[_WHOLE] = [f"{expected}, got {' and '.join(given) or 'none'}"]
        return faults

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refuse a request with two sources."""
        if attrs.get("source") is not None and attrs.get("owner") not in {None, attrs["source"]}:
            raise serializers.ValidationError("source and owner are the same, and differ here")
        return attrs


class ToldSerializer(serializers.Serializer[Any]):
    """What became of a submitted request."""

    requestId = serializers.CharField(source="request_id")  # noqa: N815 (likewise)
    state = EnumField(
        ResponseState, help_text="`GRANTED`, `DELAYED` or `SKIPPED`; others when it was known already"
    )
    messages = serializers.ListField(child=serializers.CharField(), help_text="Texts for people")
    repeated = serializers.BooleanField(help_text="Id and body were known: this is what is stored")


def _one_or_many(name: str, shape: type[serializers.Serializer[Any]]) -> PolymorphicProxySerializer:
    return PolymorphicProxySerializer(
        component_name=name,
        serializers=[shape, shape(many=True)],
        resource_type_field_name=None,
        many=False,
    )


def _many(**options: Any) -> serializers.BaseSerializer[Any]:
    """Read several requests from one body."""
    child: serializers.Serializer[Any] = SubmissionSerializer()
    return serializers.ListSerializer(child=child, allow_empty=False, max_length=MAX_REQUESTS, **options)


class SubmitRequests(Endpoint):
    """Requests of the tenant, from a client that speaks no AMQP."""

    roles = {"POST": Role.EXPLOIT}

    @extend_schema(
        summary="Submit requests",
        description=(
            f"Takes one request, or an array of up to {MAX_REQUESTS}, as messages are taken; the responses "
            "are published as well. One of source and owner is required; unknown fields are refused. A "
            "request whose id and body are known is not stored again: the answer is what is stored. What "
            "services of the platform keep to themselves is refused with 403: executions of rs-processing, "
            "whatever their content type is called. An addition to the interface of REGARDS."
        ),
        request=_one_or_many("Submissions", SubmissionSerializer),
        responses=_one_or_many("ToldOfSubmissions", ToldSerializer),
        examples=[OpenApiExample("One request", _EXAMPLE, request_only=True)],
    )
    def post(self, call: Call) -> Response:
        """Take requests in; answer with what became of each."""
        many = isinstance(call.data, list)
        found = self.body(_many if many else SubmissionSerializer)
        submissions = [self._submission(each) for each in (found if many else [found])]
        with security_log.refusals_logged(call):
            told = submit_directly(
                tenant=self.tenant,
                submissions=submissions,
                actor=self.actor,
                at=clock.now(),
                max_bytes=settings.MESSAGE_MAX_BYTES,
            )
        shown = ToldSerializer(told, many=True).data
        return Response(shown if many else shown[0])

    def _submission(self, given: Mapping[str, Any]) -> RequestSubmitted:
        source = given.get("source")
        return RequestSubmitted(
            tenant=self.tenant.name,
            request_id=given.get("requestId") or str(uuid.uuid4()),
            owner=given.get("owner") if source is None else source,
            session=given.get("session"),
            content_type=given.get("contentType"),
            content=next(given[name] for name in _BODIES if given.get(name) is not None),
            # The caller may repeat a call whose answer was lost.
            redelivered=True,
            priority=given.get("priority"),
            trace_parent=tracing.current(),
        )


def routes(service: Service) -> list[URLPattern]:
    """Return the route of submissions."""
    return [route("requests/submit", SubmitRequests, name="requests-submit", service=service)]
