"""Jobs, on the session's database, with a sender that records."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from tests.fakes.jobs_office import Office


@pytest.fixture
def statements_apart(settings: Settings) -> None:
    """Send each write by itself, for who counts statements or reads their plans."""
    settings.WRITES_TOGETHER = False


@pytest.fixture
def office() -> "Iterator[Office]":
    # Models cannot be imported when pytest reads this module: Django is set up after that.
    from regards_processing.kernel.jobs.port import sending_through  # noqa: PLC0415 (see above)
    from tests.fakes.jobs_office import Office, RecordingSender  # noqa: PLC0415 (see above)

    sender = RecordingSender()
    with sending_through(sender):
        yield Office(sender)
