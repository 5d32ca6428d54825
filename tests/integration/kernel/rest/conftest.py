"""The services, with endpoints that do what a test wants."""

from collections.abc import Iterator

import pytest
from django.test import override_settings


@pytest.fixture
def probes() -> Iterator[None]:
    from regards_processing.kernel.rest.resources import resources  # noqa: PLC0415 (Django is set up by now)

    resources.cache_clear()
    with override_settings(ROOT_URLCONF="tests.fakes.probe_service"):
        yield
    resources.cache_clear()
