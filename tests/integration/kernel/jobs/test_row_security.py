"""Jobs behind PostgreSQL's own wall between tenants: whoever submits sees one tenant, turns depend on all."""

from collections.abc import Iterator

import pytest

from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant, seeing_tenant
from tests.factories.database_roles import connected_as, protected_tables
from tests.factories.worker_manager import a_tenant
from tests.fakes.job_kinds import written
from tests.fakes.jobs_office import Office, state_of

pytestmark = pytest.mark.postgres


@pytest.fixture
def role(transactional_db: None) -> Iterator[str]:  # noqa: ARG001 (other connections must see the rows)
    with protected_tables() as name:
        yield name


def test_it_serves_every_tenant_when_one_submits(role: str, office: Office) -> None:
    ours, theirs = a_tenant(name="ours"), a_tenant(name="theirs")
    office.sender.down = True
    waiting = office.submit(theirs)
    office.sender.down = False
    with connected_as(role), seeing_tenant(ours.pk):
        submitted = office.submit(ours)
    assert sorted(office.sender.sent) == sorted([waiting, submitted])


def test_it_runs_a_job(role: str, office: Office) -> None:
    job_id = office.submit(a_tenant())
    with connected_as(role), seeing_every_tenant():
        assert office.run(job_id) == JobState.SUCCEEDED
    assert (written(), state_of(job_id)) == ([1, 2, 3], JobState.SUCCEEDED)
