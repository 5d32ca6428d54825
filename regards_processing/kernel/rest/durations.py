"""Durations in bodies: seconds, of times that are kept in milliseconds."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field(serializers.FloatField)
class SecondsField(serializers.Field[Any, Any, float, Any]):
    """A duration in seconds, of one in milliseconds."""

    def to_representation(self, value: int) -> float:
        """Return the seconds."""
        return value / 1000


class PercentilesSerializer(serializers.Serializer[Any]):
    """Durations that so many percent of what was measured did not exceed."""

    p50 = SecondsField()
    p95 = SecondsField()
