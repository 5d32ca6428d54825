"""A step with a condition is taken when a header of the answer before says so, else left out."""

from typing import Any

import pytest

from regards_processing.kernel.db.transactions import transaction
from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager.models import FinishedRequest, Workflow
from worker_manager.services.explanation import explain
from worker_manager.services.request_details import describe

pytestmark = pytest.mark.django_db

_RASTER = {"header": "acme.kind", "in": ["raster"]}
_GATHERED = {"stepNumber": 1, "workerTypes": ["a", "b"], "contentTypeOutput": "both"}


def _begin(engine: Engine, *steps: dict[str, Any]) -> None:
    tenant = a_tenant()
    live_workers("a", "b", "c", protocol="raw")
    Workflow.objects.create(tenant=tenant, workflow_type="choosy", steps=list(steps))
    engine.submit(a_submission(content_type="choosy"))
    engine.forget()


def _step(number: int, worker_type: str, **more: object) -> dict[str, Any]:
    return {"stepNumber": number, "workerType": worker_type, **more}


@pytest.mark.parametrize(("kind", "queue"), [("raster", "b"), ("netcdf", "c")])
def test_it_leaves_a_step_out_unless_the_answer_before_says_otherwise(
    engine: Engine, kind: str, queue: str
) -> None:
    _begin(engine, _step(1, "a"), _step(2, "b", onlyIf=_RASTER), _step(3, "c"))
    engine.answer(an_answer(content=b"made by a", headers={"acme.kind": kind}))
    (sent,) = engine.dispatches()
    assert sent.exchange == f"regards.worker.{queue}.request"
    assert (sent.body, sent.headers["acme.kind"]) == (b"made by a", kind)


def test_it_ends_when_no_later_step_is_taken(engine: Engine) -> None:
    _begin(engine, _step(1, "a"), _step(2, "b", onlyIf=_RASTER))
    engine.answer(an_answer(content=b"made by a"))
    assert engine.states() == [("r-1", "SUCCESS")]
    (finished,) = every(FinishedRequest)
    assert finished.status == "SUCCESS"


def test_it_needs_no_content_where_no_later_step_is_taken(engine: Engine) -> None:
    _begin(engine, _step(1, "a"), _step(2, "b", onlyIf=_RASTER))
    engine.answer(an_answer(content=None, headers={"acme.kind": "netcdf"}))
    assert engine.states() == [("r-1", "SUCCESS")]


def test_it_looks_at_the_headers_of_all_members_of_a_parallel_step(engine: Engine) -> None:
    _begin(engine, _GATHERED, _step(2, "c", onlyIf=_RASTER))
    request = the_request()
    for attempt, headers in ((1, {"acme.kind": "raster"}), (2, {"acme.size": "7"})):
        engine.answer(an_answer(content=b"{}", headers=headers, dispatch_id=f"{request.pk}:1:{attempt}"))
    assert the_request().step_number == 2


def test_it_keeps_to_the_conditions_with_which_a_request_started(engine: Engine) -> None:
    _begin(engine, _step(1, "a"), _step(2, "b", onlyIf=_RASTER), _step(3, "c"))
    with transaction():
        every(Workflow).update(steps=[_step(1, "a"), _step(2, "b")])
    engine.answer(an_answer(content=b"{}"))
    assert the_request().step_worker_type == "c"


def test_it_shows_what_was_left_out_and_why_it_may_be(engine: Engine) -> None:
    _begin(engine, _step(1, "a"), _step(2, "b", onlyIf=_RASTER), _step(3, "c"))
    request = the_request()
    reasons = explain(tenant=request.tenant, request_id="r-1", at=AT).reasons
    assert "followed by b (if acme.kind is one of raster), c" in " ".join(reason.text for reason in reasons)
    engine.answer(an_answer(content=b"{}"))
    planned = describe(tenant=request.tenant, request_id="r-1", at=AT).steps
    assert [step.state for step in planned] == ["DONE", "LEFT_OUT", "CURRENT"]
