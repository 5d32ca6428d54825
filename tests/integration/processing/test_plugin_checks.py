"""Plugins that have something against batches and executions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.models import Batch
from regards_processing.processing.plugin_values import ConfiguredProcess
from regards_processing.processing.services.batches import BatchRefused
from regards_processing.processing.services.executions import order_executions
from tests.factories.executions import DATASET, FILE, a_batch, an_execution_order, the_execution
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.fakes.plugin_package import installed

pytestmark = pytest.mark.django_db

_SMALL = {DATASET: {"dataset": DATASET, "executionCount": 1, "totalBytes": 100}}


@pytest.fixture
def tenant() -> Tenant:
    return a_tenant()


@pytest.fixture
def process(tenant: Tenant, tmp_path: Path) -> Iterator[ConfiguredProcess]:
    with installed(tmp_path, strict="Strict"):
        yield a_process(tenant, to_all=True, plugin_id="Strict")


def _file(name: str) -> dict[str, Any]:
    return {**FILE, "fileName": name}


def test_it_opens_no_batch_that_its_plugin_is_against(tenant: Tenant, process: ConfiguredProcess) -> None:
    filesets = {DATASET: {"dataset": DATASET, "executionCount": 1, "totalBytes": 101}}
    with pytest.raises(BatchRefused) as refused:
        a_batch(tenant, process, filesets=filesets)
    assert refused.value.messages == (f"{DATASET} has more than 100 bytes",)
    assert not every(Batch).exists()


def test_it_opens_others(tenant: Tenant, process: ConfiguredProcess) -> None:
    assert a_batch(tenant, process, filesets=_SMALL).process_id == process.process_id


def test_it_fails_executions_that_their_plugin_is_against(
    tenant: Tenant, process: ConfiguredProcess, broker: InMemoryBroker
) -> None:
    batch = a_batch(tenant, process, filesets=_SMALL)
    orders = [an_execution_order(batch, name, files=[_file(name)]) for name in ("good", "bad", "broken")]
    with committing(execute=True):
        order_executions(orders=orders, at=AT)
    assert the_execution("good").status == "REGISTERED"
    assert _end_of("bad") == ("FAILURE", "bad is bad; and stays so")
    assert _end_of("broken") == (
        "FAILURE",
        "Plugin Strict cannot check this order: RuntimeError: no idea",
    )
    assert len(broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)) == 2


def _end_of(name: str) -> tuple[str, str]:
    ended = the_execution(name)
    return ended.status, ended.told_steps[-1].message
