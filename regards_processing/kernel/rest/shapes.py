"""The shapes of answers, for the description of the interface."""

from functools import cache
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

Shape = type[serializers.Serializer[Any]]


class LinkSerializer(serializers.Serializer[Any]):
    """What the caller may do next."""

    rel = serializers.CharField(help_text="`self`, `list`, `update`, `delete`, `retry` and others")
    href = serializers.CharField(help_text="Absolute address")


class PageMetadataSerializer(serializers.Serializer[Any]):
    """Which page this is."""

    size = serializers.IntegerField(help_text="Length of a full page")
    totalElements = serializers.IntegerField(help_text="Entities of all pages")  # noqa: N815 (the contract's name)
    totalIsEstimate = serializers.BooleanField(  # noqa: N815 (likewise)
        required=False, help_text="There are too many to count: the total is an estimate"
    )
    totalPages = serializers.IntegerField()  # noqa: N815 (likewise)
    number = serializers.IntegerField(help_text="From 0")


@cache
def entity_of(content: Shape) -> serializers.Serializer[Any]:
    """Return the shape of one entity: ``{content, links}``."""
    return inline_serializer(
        f"{_name(content)}Entity", {"content": content(), "links": LinkSerializer(many=True)}
    )


@cache
def list_of(content: Shape) -> serializers.BaseSerializer[Any]:
    """Return the shape of a list of entities."""
    return type(entity_of(content))(many=True)


@cache
def page_of(content: Shape) -> serializers.Serializer[Any]:
    """Return the shape of one page of entities: ``{content, links, metadata}``."""
    return inline_serializer(
        f"{_name(content)}Page",
        {
            "content": list_of(content),
            "links": LinkSerializer(many=True),
            "metadata": PageMetadataSerializer(),
        },
    )


def _name(shape: Shape) -> str:
    return shape.__name__.removesuffix("Serializer")
