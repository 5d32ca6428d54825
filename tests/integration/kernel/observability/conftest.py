"""The check of the broker keeps a connection; these tests give it back."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _own_broker_probe() -> Iterator[None]:
    # Models cannot be imported when pytest reads this module: Django is set up after that.
    from regards_processing.kernel.observability import checks  # noqa: PLC0415 (see above)

    yield
    checks._probe.forget()  # noqa: SLF001 (processes keep it until they end)
