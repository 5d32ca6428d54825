"""OpenTelemetry as a process sets it up."""

import threading
import time
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from workers.observability import opentelemetry_sdk as sdk
from workers.observability.tracing_extra import CHOICES, missing_package


class Stuck(SpanProcessor):
    """Waits for a collector that does not answer."""

    def __init__(self) -> None:
        self.answered = threading.Event()

    def shutdown(self) -> None:
        self.answered.wait(60)


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    processor = Stuck()
    yield processor
    processor.answered.set()


def _attributes() -> dict[str, object]:
    processor = SimpleSpanProcessor(InMemorySpanExporter())
    return dict(sdk.provider(processor, service="ours", instance="i-1").resource.attributes)


def test_it_says_which_process_a_span_is_from() -> None:
    found = _attributes()
    assert (found["service.name"], found["service.instance.id"]) == ("ours", "i-1")


def test_it_lets_the_standard_variables_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "theirs")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.instance.id=x")
    found = _attributes()
    assert (found["service.name"], found["service.instance.id"]) == ("theirs", "x")
    assert found["deployment.environment.name"] == "test"


def test_it_does_not_wait_long_for_a_collector_at_the_end(
    stuck: Stuck, caplog: pytest.LogCaptureFixture
) -> None:
    started = time.monotonic()
    sdk.close(stuck, within=0.05)
    assert time.monotonic() - started < 5
    assert "last spans not sent" in caplog.text


@pytest.mark.parametrize("choice", CHOICES)
def test_it_finds_what_a_choice_needs(choice: str) -> None:
    assert missing_package(choice) is None
