"""What tests of all applications share: jobs with a sender that records, a broker with empty queues."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from tests.fakes.jobs_office import Office
    from tests.integration.kernel.dead_letters.mailbox import Mailbox


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


@pytest.fixture
def mailbox(settings: Settings, tmp_path: Path) -> "Iterator[Mailbox]":
    """Give the session's broker with empty queues."""
    from tests.integration.kernel.dead_letters.mailbox import Mailbox  # noqa: PLC0415 (see above)

    settings.BROKER_FOLDER = tmp_path / "broker"
    opened = Mailbox()
    yield opened
    opened.close()
