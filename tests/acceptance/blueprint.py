"""A platform with tables, tenants and configuration, set up once; those that tests start are copies of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import pytest

from tests.acceptance import configuration
from tests.stack.environment import Servers
from tests.stack.platform import Platform
from tests.stack.stack import Stack, open_stack

_VARIABLES: Final = {
    "REGARDS_TENANTS": "default,second",
    "SWEEP_SECONDS": "1",
    "WORKER_HEARTBEAT_SECONDS": "1",
    "WORKER_MODULES": "tests.acceptance.worker_types",
    "WORKER_RUNNING_AFTER_SECONDS": "0.2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Opens platforms that are set up alike; each has a database, a virtual host and a folder of its own."""

    servers: Servers
    folders: pytest.TempPathFactory
    #: Where nothing runs: what is copied.
    original: Stack

    @classmethod
    @contextmanager
    def drawn(cls, *, servers: Servers, folders: pytest.TempPathFactory) -> Iterator[Self]:
        """Set up what is copied, for the duration of the block."""
        folder = folders.mktemp("blueprint")
        with open_stack(servers=servers, folder=folder, name="blueprint", variables=_VARIABLES) as stack:
            with Platform(stack) as platform:
                platform.migrate()
                platform.manage("create_tenant")
                document = configuration.document(configuration.ITEMS)
                platform.manage("import_configuration", "-", stdin=document)
            yield cls(servers=servers, folders=folders, original=stack)

    @contextmanager
    def opened(
        self, *, name: str, variables: Mapping[str, str], broker_url: str | None = None
    ) -> Iterator[Platform]:
        """Give a platform without any process; ``broker_url`` is another way to the same broker."""
        folder = self.folders.mktemp(name)
        told = {**_VARIABLES, "WORKER_RESULT_BACKEND": f"file://{_results(folder)}", **variables}
        servers = replace(self.servers, broker_url=broker_url or self.servers.broker_url)
        with (
            open_stack(
                servers=servers, folder=folder, name=name, variables=told, like=self.original
            ) as stack,
            Platform(stack) as platform,
        ):
            yield platform
            # Whatever is left is of no interest: no need to wait until everybody has finished in order.
            for process in platform.processes:
                process.kill()


def _results(folder: Path) -> Path:
    results = folder / "results"
    results.mkdir()
    return results
