"""Kinds are declared once, and found by name."""

from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured

from regards_processing.kernel.jobs import kinds
from regards_processing.kernel.jobs.context import JobContext, JobWithoutTenant, Page
from regards_processing.kernel.jobs.kinds import job_kind
from tests.factories.worker_manager import AT
from tests.fakes.job_kinds import URGENT, Book


@pytest.mark.parametrize(("name", "priority"), [("requests.retry", 30), ("requests.delete", 10)])
def test_it_finds_the_kinds_of_the_modules_in_the_settings(name: str, priority: int) -> None:
    assert (kinds.find(name).name, kinds.find(name).priority) == (name, priority)


def test_it_refuses_a_name_that_another_module_has() -> None:
    def another(_context: JobContext, _book: Book) -> Page:
        return Page(state=None)

    with pytest.raises(ImproperlyConfigured, match=r"Two modules declare jobs of kind 'tests\.urgent'"):
        job_kind(URGENT, parameters=Book, priority=1)(another)


def test_it_demands_a_tenant_where_one_is_needed() -> None:
    context = JobContext(job_id=UUID(int=0), tenant=None, at=AT, state={})
    with pytest.raises(JobWithoutTenant):
        _ = context.owner
