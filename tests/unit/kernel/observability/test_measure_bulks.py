"""The bulks of a manager are measured by queue."""

from prometheus_client import REGISTRY

from regards_processing.kernel.observability.bulks import measure_bulk


def _value(name: str, queue: str) -> float:
    return REGISTRY.get_sample_value(name, {"queue": queue}) or 0.0


def test_it_measures_sizes_durations_and_refusals() -> None:
    measure_bulk(queue="some.queue", messages=900, refused=2, seconds=0.25)
    measure_bulk(queue="some.queue", messages=100, refused=0, seconds=0.5)
    assert _value("regards_bulk_messages_count", "some.queue") == 2
    assert _value("regards_bulk_messages_sum", "some.queue") == 1000
    assert _value("regards_bulk_seconds_sum", "some.queue") == 0.75
    assert _value("regards_bulk_refused_messages_total", "some.queue") == 2


def test_it_measures_heartbeats_of_all_managers_as_one() -> None:
    before = _value("regards_bulk_messages_sum", "regards.worker.manager.heartbeat")
    for manager in ("host-1", "host-2"):
        queue = f"regards.worker.manager.heartbeat.{manager}"
        measure_bulk(queue=queue, messages=3, refused=0, seconds=0.1)
        assert _value("regards_bulk_messages_count", queue) == 0
    assert _value("regards_bulk_messages_sum", "regards.worker.manager.heartbeat") == before + 6
