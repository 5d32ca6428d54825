"""`manage.py cancel` ends requests."""

import io

import pytest
from django.core.management import CommandError, call_command

from regards_processing.kernel.audit.models import AuditEntry
from tests.factories.messages import submissions
from tests.factories.requests import requests
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant
from tests.fakes.engine import Engine, committing
from worker_manager.models import FinishedRequest, Request

pytestmark = pytest.mark.django_db


def _run(*arguments: str) -> str:
    with committing(execute=True):
        call_command("cancel", *arguments, stdout=(out := io.StringIO()))
    return out.getvalue()


def test_it_cancels_each_request_once(engine: Engine) -> None:
    a_tenant()
    engine.submit(*submissions(3))
    engine.forget()
    assert _run("r-0", "r-2", "r-0", "--tenant", "demo") == "r-0: cancelled\nr-2: cancelled\n"
    assert engine.states() == [("r-0", "ERROR"), ("r-2", "ERROR")]
    assert every(Request).get().request_id == "r-1"
    assert {entry.origin for entry in AuditEntry.objects.all()} == {"COMMAND"}


def test_it_goes_on_after_what_cannot_be_cancelled(engine: Engine) -> None:
    tenant = a_tenant()
    requests(tenant, "failed")
    engine.submit(*submissions(1))
    with pytest.raises(CommandError) as refused:
        _run("failed", "nobody", "r-0", "--tenant", "demo")
    assert str(refused.value).splitlines() == [
        (
            "Request failed has ended in ERROR: only requests in DISPATCHED, NO_WORKER_AVAILABLE, RUNNING, "
            "TO_DISPATCH can be cancelled"
        ),
        "Tenant demo has no request 'nobody' on its way",
    ]
    assert every(FinishedRequest).get().request_id == "r-0"


def test_it_says_that_there_is_no_such_tenant() -> None:
    with pytest.raises(CommandError, match=r"There is no tenant nobody; `manage\.py tenants` lists"):
        _run("r-17", "--tenant", "nobody")
