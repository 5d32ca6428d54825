"""Endpoints for items of a configuration one by one; a service makes them its own by a subclass a kind."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.configuration import named_items
from regards_processing.kernel.configuration.faults import Value
from regards_processing.kernel.configuration.modules import module_of
from regards_processing.kernel.configuration.named_items import Items, Stored
from regards_processing.kernel.rest.documents import DocumentSerializer
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.openapi import ErrorsSerializer
from regards_processing.kernel.rest.parameters import flag
from regards_processing.kernel.rest.shapes import LinkSerializer, list_of

CLASH: Final = OpenApiResponse(ErrorsSerializer, description="It stands against something else")
FORCE: Final = OpenApiParameter(
    "force", bool, description="Delete it although something is configured with it", default=False
)


class FaultSerializer(serializers.Serializer[Any]):
    """One rule that an item breaks."""

    field = serializers.CharField(help_text="Path of the field; empty when it is the item as a whole")
    text = serializers.CharField(help_text="The text that an import gives")
    allowed = serializers.CharField(help_text="What would be right; empty when that cannot be said")
    clashes = serializers.BooleanField(help_text="Right by itself, it stands against something else")


class VerdictSerializer(serializers.Serializer[Any]):
    """What would become of an item."""

    valid = serializers.BooleanField()
    faults = FaultSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What is no error")


class ItemsEndpoint(Endpoint):
    """What the endpoints of one kind share."""

    #: Key of the kind in configuration files.
    key: ClassVar[str]
    #: How the interface describes an item.
    shape: ClassVar[type[DocumentSerializer]]
    #: Names of the routes of all items, and of one.
    list_route: ClassVar[str]
    item_route: ClassVar[str]

    @property
    def items(self) -> Items:
        """The items of the tenant."""
        module = module_of(self.service)
        return Items(module=module, kind=module.named_kind(self.key), tenant=self.tenant)

    def shown(self, item: Stored) -> dict[str, Any]:
        """Return an item as an entity; deletions that would be refused are not linked."""
        address = {self.items.kind.name_field: item.name}
        wanted = [
            ("self", self.item_route, "GET", address),
            ("list", self.list_route, "GET", {}),
            ("update", self.item_route, "PUT", address),
        ]
        if not item.users:
            wanted.append(("delete", self.item_route, "DELETE", address))
        told = {"warnings": list(item.warnings)} if item.warnings else {}
        return entity(item.value, self.links(*wanted)) | told

    def value(self) -> Value:
        """Return the item in the body of the call."""
        value: Value = self.body(self.shape)
        return value


class AllItems(ItemsEndpoint):
    """Every item of a kind."""

    roles = {"GET": Role.EXPLOIT, "POST": Role.ADMIN}

    def get(self, _call: Call) -> Response:
        """Return all, by name."""
        return Response([self.shown(item) for item in named_items.list_items(items=self.items)])

    def post(self, _call: Call) -> Response:
        """Add one."""
        created = named_items.create_item(
            items=self.items, value=self.value(), actor=self.actor, at=clock.now()
        )
        return Response(self.shown(created), status=status.HTTP_201_CREATED)


class ItemCheck(ItemsEndpoint):
    """A dry run."""

    roles = {"POST": Role.ADMIN}

    def post(self, _call: Call) -> Response:
        """Say whether one could be stored; change nothing."""
        verdict = named_items.check_item(items=self.items, value=self.value(), at=clock.now())
        told = {"valid": not verdict.faults, "faults": verdict.faults, "warnings": verdict.warnings}
        return Response(VerdictSerializer(told).data)


class OneItem(ItemsEndpoint):
    """One item."""

    roles = {"GET": Role.EXPLOIT, "PUT": Role.ADMIN, "DELETE": Role.ADMIN}

    def get(self, _call: Call, **address: str) -> Response:
        """Return one."""
        return Response(self.shown(named_items.read_item(items=self.items, name=self._name(address))))

    def put(self, _call: Call, **address: str) -> Response:
        """Replace one."""
        replaced = named_items.replace_item(
            items=self.items,
            name=self._name(address),
            value=self.value(),
            actor=self.actor,
            at=clock.now(),
        )
        return Response(self.shown(replaced))

    def delete(self, call: Call, **address: str) -> Response:
        """Delete one."""
        named_items.delete_item(
            items=self.items,
            name=self._name(address),
            force=flag(call.query_params.get("force"), name="force"),
            actor=self.actor,
            at=clock.now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _name(self, address: Mapping[str, str]) -> str:
        return address[self.items.kind.name_field]


def described(shape: type[DocumentSerializer], *, noun: str) -> dict[str, Any]:
    """Return what the interface says of each endpoint of a kind, by the name of its class and its verb."""
    whole = inline_serializer(
        f"{shape.__name__.removesuffix('Serializer')}Item",
        {
            "content": shape(),
            "links": LinkSerializer(many=True),
            "warnings": serializers.ListField(
                child=serializers.CharField(), required=False, help_text="What the change leaves wrong"
            ),
        },
    )
    same = "By the rules of configuration files, and with their texts."
    return {
        "list": extend_schema(summary=f"List {noun}s", responses=list_of(shape)),
        "create": extend_schema(
            summary=f"Add a {noun}", description=same, request=shape, responses={201: whole, 409: CLASH}
        ),
        "check": extend_schema(
            summary=f"Check a {noun}",
            description=f"Says what a POST or a PUT of it would find; changes nothing. {same}",
            request=shape,
            responses=VerdictSerializer,
        ),
        "read": extend_schema(summary=f"Read a {noun}", responses=whole),
        "replace": extend_schema(
            summary=f"Replace a {noun}",
            description=f"The name may be left out of the body. {same} Running requests keep their plans.",
            request=shape,
            responses={200: whole, 409: CLASH},
        ),
        "delete": extend_schema(
            summary=f"Delete a {noun}",
            description="Running requests keep their plans.",
            parameters=[FORCE],
            responses={204: None, 409: CLASH},
        ),
    }
