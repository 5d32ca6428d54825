"""The doctor looks at worker types: their queues, their fleets, their clocks."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp.topology import tenant_topology
from regards_processing.kernel.doctor.checks import Look
from regards_processing.kernel.doctor.findings import Outcome
from tests.factories.audit import NOON
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers
from tests.integration.kernel.doctor.operator_tools import Operator
from worker_manager import doctor
from worker_manager.services.liveness import record_heartbeats
from workers.contract.heartbeat import WorkerHeartbeat

pytestmark = pytest.mark.django_db


def _beat(worker_id: str, *, ahead: float) -> None:
    """Store the heartbeat of a worker whose clock is wrong."""
    beat = WorkerHeartbeat(
        tenant="demo", worker_id=worker_id, worker_type="a", beaten_at=NOON + timedelta(seconds=ahead)
    )
    record_heartbeats(beats=[beat], at=NOON)


@pytest.mark.parametrize(
    "look", [doctor.queues, doctor.tenant_queues, doctor.spellings, doctor.fleets, doctor.clocks]
)
def test_it_skips_a_platform_without_worker_types_and_tenants(look: Look) -> None:
    assert [finding.outcome for finding in look(NOON)] == [Outcome.SKIPPED]


def test_it_warns_of_worker_types_that_nobody_serves() -> None:
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="served", inputs=["a"])
    a_worker_type(tenant, worker_type="lonely", inputs=["b"])
    live_workers("served", at=NOON)
    (finding,) = doctor.fleets(NOON)
    assert finding.outcome == Outcome.WARNING
    assert finding.found == "No worker has been heard for 60 s that serves lonely"
    assert finding.advice.startswith("celery -A workers worker --types lonely\n")


def test_it_is_content_when_all_are_served() -> None:
    a_worker_type(a_tenant(), worker_type="served", inputs=["a"])
    live_workers("served", at=NOON)
    (finding,) = doctor.fleets(NOON)
    assert (finding.outcome, finding.found) == (Outcome.OK, "All 1 worker types are served")


def test_it_warns_of_worker_types_of_tenants_that_differ_by_case_alone() -> None:
    a_worker_type(a_tenant(), worker_type="Unzip")
    a_worker_type(a_tenant(name="other"), worker_type="unzip")
    a_worker_type(a_tenant(name="third"), worker_type="unzip")
    live_workers("unzip", "alone", at=NOON)
    (finding,) = doctor.spellings(NOON)
    assert finding.outcome == Outcome.WARNING
    assert finding.found == (
        "regards.worker.unzip.request is shared by worker types that differ by case alone: "
        "Unzip (tenant demo); unzip (tenant other, tenant third, a fleet)"
    )
    assert finding.facts == {
        "queue": "regards.worker.unzip.request",
        "spellings": {"Unzip": ["tenant demo"], "unzip": ["tenant other", "tenant third", "a fleet"]},
    }


@pytest.mark.parametrize(("after", "outcome"), [(0, Outcome.WARNING), (86_400, Outcome.OK)])
def test_it_warns_of_a_live_fleet_that_spells_its_worker_type_otherwise(after: int, outcome: Outcome) -> None:
    a_worker_type(a_tenant(), worker_type="Unzip")
    live_workers("unzip", at=NOON)
    (finding,) = doctor.spellings(NOON + timedelta(seconds=after))
    assert finding.outcome == outcome


def test_it_is_content_when_tenants_spell_a_worker_type_alike() -> None:
    a_worker_type(a_tenant())
    a_worker_type(a_tenant(name="other"))
    live_workers("unzip-worker", "zip", at=NOON)
    (finding,) = doctor.spellings(NOON)
    assert (finding.outcome, finding.found) == (Outcome.OK, "Each of 2 worker types has a queue of its own")


def test_it_finds_workers_whose_clock_is_wrong() -> None:
    a_tenant()
    for worker_id, ahead in (("well", -0.5), ("early", 300.0), ("late", -20.0)):
        _beat(worker_id, ahead=ahead)
    early, late = doctor.clocks(NOON)
    assert (early.outcome, early.found) == (
        Outcome.WARNING,
        "Worker early is 300 s ahead of the managers",
    )
    assert (late.outcome, late.found) == (Outcome.WARNING, "Worker late is 20 s behind the managers")


def test_it_is_content_with_clocks_that_agree() -> None:
    a_tenant()
    _beat("early", ahead=300)
    _beat("early", ahead=-0.5)
    (finding,) = doctor.clocks(NOON)
    assert (finding.outcome, finding.found) == (Outcome.OK, "The clocks of 1 workers agree within 5 s")


def test_it_forgets_the_clocks_of_workers_that_are_gone() -> None:
    a_tenant()
    _beat("early", ahead=300)
    (finding,) = doctor.clocks(NOON + timedelta(days=1))
    assert finding.outcome == Outcome.SKIPPED


def test_it_finds_worker_types_that_can_have_no_queues() -> None:
    a_worker_type(a_tenant(), worker_type="é" * 128, inputs=["a"])
    finding = next(iter(doctor.queues(NOON)))
    assert finding.outcome == Outcome.FAILED
    assert finding.found == f"Worker type {'é' * 128} can have no queues: their names would be too long"


@pytest.mark.rabbitmq
def test_it_compares_the_queues_of_configured_and_of_heard_types_and_of_tenants(operator: Operator) -> None:
    a_worker_type(a_tenant(), worker_type="Unzip", inputs=["a"])
    live_workers("zip", at=NOON)
    operator.declare("regards.worker.unzip.task", x_max_priority=9)
    operator.declare("regards.worker.zip.request", x_max_priority=9)
    failed = [finding for finding in doctor.queues(NOON) if finding.outcome == Outcome.FAILED]
    assert [finding.facts["queue"] for finding in failed] == [
        "regards.worker.unzip.task",
        "regards.worker.zip.request",
    ]
    assert "x-max-priority is 9, ours is absent" in failed[0].found
    counts = tenant_topology("demo").queues[0].name
    operator.declare(counts)
    worst = max(doctor.tenant_queues(NOON), key=lambda finding: finding.outcome)
    assert (worst.outcome, worst.facts["queue"]) == (Outcome.FAILED, counts)
    assert worst.advice.splitlines()[1] == f"manage.py doctor --move-messages {counts}"


def test_it_warns_of_a_fleet_only_a_part_of_which_reads_stored_contents(settings: Settings) -> None:
    settings.STORED_CONTENTS = True
    live_workers("a", "b", protocol="celery", stored_contents=True, at=NOON)
    live_workers("a", protocol="celery", worker_id="older", at=NOON)
    (finding,) = doctor.stored_contents(NOON)
    assert finding.outcome == Outcome.WARNING
    assert finding.found.startswith("1 of 2 workers of type a do not read stored contents")
    assert finding.advice == "WORKER_STORED_CONTENT_BYTES and the shared storage for older"


def test_it_is_content_with_fleets_that_agree_on_stored_contents(settings: Settings) -> None:
    settings.STORED_CONTENTS = True
    live_workers("a", protocol="celery", stored_contents=True, at=NOON)
    live_workers("b", at=NOON)
    (finding,) = doctor.stored_contents(NOON)
    assert (finding.outcome, finding.found) == (Outcome.OK, "1 of 2 worker types read stored contents")


def test_it_asks_no_fleet_about_contents_that_nobody_stores() -> None:
    (finding,) = doctor.stored_contents(NOON)
    assert finding.outcome == Outcome.SKIPPED
