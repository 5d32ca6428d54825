"""Traces by OpenTelemetry: an extra, off unless asked for; the SDK reads its own variables, ``OTEL_…``."""

from django.core.exceptions import ImproperlyConfigured

from regards_processing.settings import env
from workers.observability.tracing_extra import CHOICES, OFF, missing_package

#: Where spans go: nowhere, to a collector, or to the standard output.
TRACING = env.choice("TRACING", OFF, allowed=CHOICES)
if missing := missing_package(TRACING):
    raise ImproperlyConfigured(
        f"TRACING={TRACING!r}: {missing} is not installed; `pip install -r requirements-tracing.txt` does it"
    )
#: Most spans that wait to be sent. The SDK's own default is less than one bulk makes.
TRACING_QUEUE = env.integer("OTEL_BSP_MAX_QUEUE_SIZE", 10_000, minimum=512, maximum=1_000_000)
