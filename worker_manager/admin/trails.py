"""Trails of requests, as tables for people."""

from django.utils.safestring import SafeString

from regards_processing.kernel.admin_tables import table
from regards_processing.kernel.readable_durations import readable_duration
from worker_manager.steps_taken import steps_taken
from worker_manager.trail import Trail
from workers.contract.bodies import format_date


def steps_table(trail: str) -> SafeString:
    """Return the steps of a stored trail as a table."""
    lines = (
        (
            step.number,
            step.worker_type,
            step.attempts,
            step.repeats + 1,
            format_date(step.dispatched_at),
            readable_duration(step.queue_time),
            readable_duration(step.run_time),
            step.outcome or "goes on",
        )
        for step in steps_taken(Trail.read(trail))
    )
    heads = (
        "step",
        "worker type",
        "attempts",
        "round",
        "first dispatched",
        "in queues",
        "at work",
        "outcome",
    )
    return table(heads, lines)


def attempts_table(trail: str) -> SafeString:
    """Return the attempts of a stored trail as a table."""
    lines = (
        (
            attempt.attempt,
            attempt.step,
            attempt.repeats + 1,
            attempt.worker_type,
            format_date(attempt.dispatched_at),
            readable_duration(attempt.queue_time),
            readable_duration(attempt.run_time),
            attempt.worker_id or "-",
            attempt.outcome or "goes on",
            attempt.message or "",
        )
        for attempt in Trail.read(trail).attempts
    )
    heads = ("attempt", "step", "round", "worker type", "dispatched", "in queue", "at work", "instance")
    return table((*heads, "outcome", "last message"), lines)
