"""The session's broker with empty queues."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from tests.integration.kernel.dead_letters.mailbox import Mailbox


@pytest.fixture
def mailbox(settings: Settings, tmp_path: Path) -> "Iterator[Mailbox]":
    # Settings cannot be read when pytest reads this module: Django is set up after that.
    from tests.integration.kernel.dead_letters.mailbox import Mailbox  # noqa: PLC0415 (see above)

    settings.BROKER_FOLDER = tmp_path / "broker"
    opened = Mailbox()
    yield opened
    opened.close()
