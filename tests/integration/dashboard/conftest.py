"""The dashboard on the session's database, with an empty broker in a folder and nothing remembered."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from tests.integration.kernel.dead_letters.mailbox import Mailbox


@pytest.fixture(autouse=True)
def mailbox(settings: Settings, tmp_path: Path) -> "Iterator[Mailbox]":
    # Models cannot be imported when pytest reads this module: Django is set up after that.
    from django.core.cache import cache  # noqa: PLC0415 (see above)

    from tests.integration.kernel.dead_letters.mailbox import Mailbox  # noqa: PLC0415 (see above)

    settings.BROKER_FOLDER = tmp_path / "broker"
    cache.clear()
    opened = Mailbox()
    yield opened
    opened.close()
    cache.clear()
