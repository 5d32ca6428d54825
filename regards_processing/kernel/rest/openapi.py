"""What the description of the interface says of every endpoint, beside what the endpoint says itself."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from uritemplate import variables

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.fields import DateField
from regards_processing.kernel.rest.pages import MAX_SIZE, Sorting
from regards_processing.kernel.rest.reach import ReachingEndpoint
from regards_processing.kernel.rest.resources import PREFIX
from regards_processing.kernel.rest.services import RS_PROCESSING

#: Tenants in maintenance are read only; the contract made the status up.
IN_MAINTENANCE: Final = 515
_MEANINGS: Final = {
    400: "A parameter or the form of the body makes no sense",
    401: "Nobody is named as the caller, or the token proves nothing",
    403: "The role of the caller may not do this",
    404: "There is no such thing in the tenant",
    406: "Only JSON is answered",
    413: "The body is too large",
    415: "The body is of an unknown media type",
    422: "The body breaks rules: one text for each",
    429: "Too many calls",
    500: "An error that nobody foresaw; the log has it",
    IN_MAINTENANCE: "The tenant is in maintenance: it can only be read",
}


class ErrorsSerializer(serializers.Serializer[Any]):
    """Why a call was refused."""

    messages = serializers.ListField(child=serializers.CharField(), help_text="Texts for people")


class ProcessingErrorsSerializer(ErrorsSerializer):
    """Why a call was refused, in both forms that clients of rs-processing know."""

    errorId = serializers.UUIDField(help_text="Unique")  # noqa: N815 (the contract's name)
    message = serializers.CharField(help_text="All messages in one")
    time = DateField()


class EndpointSchema(AutoSchema):
    """Describes an endpoint: it need not name the errors that every endpoint can answer."""

    #: An `Endpoint`, or a page that documents them.
    view: Any

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the description of one verb of an endpoint."""
        operation = super().get_operation(*args, **kwargs)
        if operation is not None and _service(self.view) is not None:
            for status in self._errors(has_body="requestBody" in operation):
                operation["responses"].setdefault(str(status), self._error(status))
            operation["responses"] = dict(sorted(operation["responses"].items()))
        return operation

    def get_operation_id(self) -> str:
        """Return ``<service>_<route>_<verb>``: a name for generated clients."""
        service = _service(self.view)
        if service is None:
            return str(super().get_operation_id())
        return f"{service.name}_{self.view.route_name}_{self.method}".replace("-", "_").lower()

    def get_request_serializer(self) -> Any:
        """Return none: a body is one that the endpoint names itself."""
        return None

    def _get_request_body(self, direction: Any = "request") -> Any:
        # The contract has a DELETE with a body; the library would leave it out.
        verb = self.method
        self.method = "POST" if verb == "DELETE" else verb
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = verb

    def _errors(self, *, has_body: bool) -> Iterator[int]:
        yield from (400, 406, 500)
        if self.view.get_authenticators():
            yield 401
        if self.view.roles.get(self.method) != Role.PUBLIC:
            yield 403
        if variables(self.path):
            yield 404
        if has_body:
            yield from (413, 415, 422)
        if self.view.get_throttles():
            yield 429
        if self.method != "GET" and (self.view.needs_tenant or isinstance(self.view, ReachingEndpoint)):
            yield IN_MAINTENANCE

    def _error(self, status: int) -> dict[str, Any]:
        is_processing = _service(self.view) is RS_PROCESSING
        shape = ProcessingErrorsSerializer if is_processing else ErrorsSerializer
        body = {"schema": self.resolve_serializer(shape, "response").ref}
        return {"description": _MEANINGS[status], "content": {"application/json": body}}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # registers itself
    """The token of a caller."""

    target_class = "regards_processing.kernel.auth.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 (the library's signature)
        """Describe the header ``Authorization``."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class ScopeScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # registers itself
    """A tenant's name, for those without a token."""

    target_class = "regards_processing.kernel.auth.authentication.PublicAuthentication"
    name = "scope"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 (the library's signature)
        """Describe the header ``scope``."""
        told = (
            "Name of a tenant: the caller is a public user of it. The query parameter `scope` does the same."
        )
        return {"type": "apiKey", "in": "header", "name": "scope", "description": told}


class EnumFieldShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call] # registers itself
    """A closed set is described once, under its own name."""

    target_class = "regards_processing.kernel.rest.fields.EnumField"

    def get_name(self) -> str:
        """Return the name of the set."""
        return str(self.target.names.__name__)

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:  # noqa: ARG002 (likewise)
        """Describe the set."""
        return {"type": "string", "enum": [name.value for name in self.target.names]}


def of_services(endpoints: Sequence[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Keep the endpoints of services; each is path, pattern, verb, view. Others are not described."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(f"/{PREFIX}")]


def page_parameters(sorting: Sorting, *, size: int = 20) -> list[OpenApiParameter]:
    """Return the query parameters of a list that is given in pages."""
    sort = {"type": "array", "items": {"type": "string"}}
    return [
        OpenApiParameter("page", {"type": "integer", "minimum": 0, "default": 0}, description="From 0"),
        OpenApiParameter(
            "size",
            {"type": "integer", "minimum": 1, "default": size},
            description=f"Length of a page; more than {MAX_SIZE} is taken as {MAX_SIZE}",
        ),
        OpenApiParameter(
            "sort",
            sort | {"default": [sorting.default]},
            description=f"`field` or `field,asc|desc`, repeatable; fields: {', '.join(sorting.fields)}",
        ),
    ]


def _service(view: Any) -> Any:
    return getattr(view, "service", None)
