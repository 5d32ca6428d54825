"""Trails of requests, as operators see them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from regards_processing.kernel.rest.durations import SecondsField
from regards_processing.kernel.rest.fields import DateField, EnumField
from worker_manager.steps_taken import steps_taken
from worker_manager.trail import Outcome, Trail


@extend_schema_field(serializers.FloatField)
class _Seconds(SecondsField):
    def __init__(self, source: str, help_text: str) -> None:
        super().__init__(source=source, required=False, help_text=help_text)


class RoundField(serializers.IntegerField):
    """The round of a loop, made of the rounds before; nothing for the first one, and outside of loops."""

    def __init__(self) -> None:
        super().__init__(
            source="repeats", required=False, help_text="Of the loop that the step is in, from the second on"
        )

    def to_representation(self, value: int) -> Any:
        """Return the round."""
        return value + 1 if value else None


class StepTakenSerializer(serializers.Serializer[Any]):
    """A step of a request, over all its attempts."""

    stepNumber = serializers.IntegerField(source="number")  # noqa: N815 (as in the contract)
    workerType = serializers.CharField(source="worker_type")  # noqa: N815 (likewise)
    attempts = serializers.IntegerField(help_text="Dispatches of the step")
    round = RoundField()
    dispatchedAt = DateField(source="dispatched_at", help_text="First dispatch")  # noqa: N815 (likewise)
    endedAt = DateField(source="ended_at", required=False, help_text="End of the last attempt")  # noqa: N815 (likewise)
    queueSeconds = _Seconds("queue_time", "In queues, where the start of work is known")  # noqa: N815 (likewise)
    runSeconds = _Seconds("run_time", "At work, where the start of work is known")  # noqa: N815 (likewise)
    outcome = EnumField(Outcome, required=False, help_text="Of the last attempt, once it has ended")


class AttemptSerializer(serializers.Serializer[Any]):
    """One dispatch of a step."""

    stepNumber = serializers.IntegerField(source="step")  # noqa: N815 (as in the contract)
    attempt = serializers.IntegerField(help_text="Counted over all steps")
    round = RoundField()
    workerType = serializers.CharField(source="worker_type")  # noqa: N815 (likewise)
    dispatchedAt = DateField(source="dispatched_at")  # noqa: N815 (likewise)
    startedAt = DateField(source="started_at", required=False)  # noqa: N815 (likewise)
    endedAt = DateField(source="ended_at", required=False)  # noqa: N815 (likewise)
    queueSeconds = _Seconds("queue_time", "From dispatch to start")  # noqa: N815 (likewise)
    runSeconds = _Seconds("run_time", "From start to end")  # noqa: N815 (likewise)
    workerId = serializers.CharField(source="worker_id", required=False)  # noqa: N815 (likewise)
    outcome = EnumField(Outcome, required=False)
    message = serializers.CharField(required=False, help_text="Beginning of what was said last")


@extend_schema_field(StepTakenSerializer(many=True))
class StepsField(serializers.Field[Any, Any, Any, Any]):
    """The steps that a stored trail tells of."""

    def to_representation(self, value: str) -> Any:
        """Return the steps, in their order."""
        return StepTakenSerializer(steps_taken(Trail.read(value)), many=True).data


@extend_schema_field(AttemptSerializer(many=True))
class AttemptsField(serializers.Field[Any, Any, Any, Any]):
    """The attempts that a stored trail tells of."""

    def to_representation(self, value: str) -> Any:
        """Return the attempts, oldest first."""
        return AttemptSerializer(Trail.read(value).attempts, many=True).data
