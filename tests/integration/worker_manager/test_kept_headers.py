"""A workflow may keep additional headers of earlier answers; without that, those of the last one count."""

from typing import Any

import pytest

from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager.models import Branch, Request, Workflow
from workers.contract.work_answer import WorkAnswer

pytestmark = pytest.mark.django_db

_STEPS = ({"stepNumber": 1, "workerType": "a"}, {"stepNumber": 2, "workerType": "b"})
_GATHERED = {"stepNumber": 2, "workerTypes": ["b", "c"], "contentTypeOutput": "both"}


def _begin(engine: Engine, *steps: dict[str, Any], keep: bool = True, protocol: str = "celery") -> None:
    tenant = a_tenant()
    live_workers(*"abcd", protocol=protocol)
    Workflow.objects.create(
        tenant=tenant, workflow_type="keeping", steps=list(steps or _STEPS), keep_headers=keep
    )
    engine.submit(a_submission(content_type="keeping"))
    engine.forget()


def _says(content: bytes = b"x", **headers: str) -> WorkAnswer:
    return an_answer(content=content, headers=headers, dispatch_id=the_request().dispatch_id)


def _branches_say(engine: Engine, *headers: dict[str, str]) -> None:
    branches = every(Branch).order_by("position")
    for branch, said in zip(list(branches), headers, strict=True):
        dispatch_id = f"{branch.request_id}:2:{branch.attempt}"
        engine.answer(an_answer(content=b"1", headers=said, dispatch_id=dispatch_id))


@pytest.mark.parametrize(
    ("keep", "headers"), [(True, {"kind": "raster", "size": "8"}), (False, {"size": "8"})]
)
def test_it_keeps_them_for_later_steps(engine: Engine, headers: dict[str, str], *, keep: bool) -> None:
    _begin(engine, *_STEPS, {"stepNumber": 3, "workerType": "c"}, keep=keep, protocol="raw")
    engine.answer(an_answer(content=b"x", headers={"kind": "raster", "size": "7"}))
    engine.forget()
    engine.answer(an_answer(content=b"y", headers={"size": "8"}))
    (sent,) = engine.dispatches()
    own = {name: value for name, value in sent.headers.items() if not name.startswith("regards.")}
    assert (own, the_request().headers) == (headers, headers)


def test_it_keeps_them_after_an_answer_without_any(engine: Engine) -> None:
    _begin(engine, *_STEPS)
    engine.answer(_says(kind="raster"))
    assert the_request().headers == {"kind": "raster"}
    engine.answer(an_answer(content=b"y", dispatch_id=the_request().dispatch_id))
    assert engine.responses()[-1].additional_headers == {"kind": "raster"}


@pytest.mark.parametrize(("keep", "heard"), [(True, {"kind": "raster", "size": "8"}), (False, {})])
def test_it_tells_the_client_with_the_last_response(
    engine: Engine, heard: dict[str, str], *, keep: bool
) -> None:
    _begin(engine, *_STEPS, keep=keep)
    engine.answer(_says(kind="raster", size="7"))
    assert engine.responses()[-1].additional_headers == {}
    engine.answer(_says(size="8"))
    response = engine.responses()[-1]
    assert (response.state, response.additional_headers) == ("SUCCESS", heard)


def test_it_lets_nobody_replace_headers_of_the_protocol(engine: Engine) -> None:
    _begin(engine, *_STEPS)
    odd = {"regards.tenant": "other", "__TypeId__": "x", "x-delay": "5", "traceparent": "no", "kind": "k"}
    engine.answer(an_answer(content=b"x", headers=odd, dispatch_id=the_request().dispatch_id))
    engine.answer(_says())
    headers = engine.broker.published[-1].headers
    assert {"__TypeId__", "x-delay", "traceparent"}.isdisjoint(headers)
    assert (headers["regards.tenant"], headers["kind"]) == ("demo", "k")


def test_conditions_look_at_all_of_them(engine: Engine) -> None:
    raster = {"header": "kind", "in": ["raster"]}
    _begin(engine, *_STEPS, {"stepNumber": 3, "workerType": "c", "onlyIf": raster})
    engine.answer(_says(kind="raster"))
    engine.answer(_says())
    assert the_request().step_number == 3


def test_a_loop_ends_when_a_later_header_says_so(engine: Engine) -> None:
    repeated = {"from": 1, "while": {"header": "fit", "in": ["poor"]}, "most": 5}
    _begin(engine, _STEPS[0], {**_STEPS[1], "repeat": repeated}, {"stepNumber": 3, "workerType": "c"})
    engine.answer(_says(fit="poor"))
    engine.answer(_says())
    assert (the_request().step_number, the_request().repeats) == (1, 1)
    engine.answer(_says(fit="good"))
    engine.answer(_says())
    assert (the_request().step_number, the_request().headers) == (3, {"fit": "good"})


def test_members_of_a_parallel_step_get_them_and_add_theirs_in_order(engine: Engine) -> None:
    _begin(engine, _STEPS[0], _GATHERED, {"stepNumber": 3, "workerType": "d"})
    engine.answer(_says(kind="raster", size="7", by="a"))
    assert [branch.headers for branch in every(Branch)] == [None, None]
    _branches_say(engine, {"size": "8", "by": "b"}, {"by": "c"})
    assert the_request().headers == {"kind": "raster", "size": "8", "by": "c"}


def test_a_parallel_step_at_the_end_tells_the_client(engine: Engine) -> None:
    _begin(engine, _STEPS[0], _GATHERED)
    engine.answer(_says(kind="raster"))
    _branches_say(engine, {"size": "8"}, {})
    assert engine.responses()[-1].additional_headers == {"kind": "raster", "size": "8"}


def test_it_ends_in_error_when_there_are_too_many_to_send(engine: Engine) -> None:
    _begin(engine, *_STEPS)
    engine.answer(_says(one="x" * 40_000))
    engine.answer(_says(two="x" * 40_000))
    request = the_request()
    assert (request.status, request.headers) == ("ERROR", {"one": "x" * 40_000})
    assert request.error == (
        'Step 2 of the workflow "keeping": additional headers are limited to 65536 bytes, got 80006'
    )


def test_it_ends_a_parallel_step_in_error_when_there_are_too_many_to_send(engine: Engine) -> None:
    _begin(engine, _STEPS[0], _GATHERED, {"stepNumber": 3, "workerType": "d"})
    engine.answer(_says(kind="raster"))
    _branches_say(engine, {"one": "x" * 40_000}, {"two": "x" * 40_000})
    request = the_request()
    assert (request.status, request.step_number, engine.states()[-1]) == ("ERROR", 2, ("r-1", "ERROR"))
    assert "limited to 65536 bytes" in (request.error or "")
    assert every(Request).get().body == b"x"


def test_it_ends_a_request_whose_next_step_could_not_be_sent(engine: Engine) -> None:
    _begin(engine, keep=False, protocol="raw")
    engine.answer(an_answer(content=b"x", headers={"n" * 300: "x"}))
    (response,) = engine.responses()
    assert engine.dispatches() == []
    assert (response.state, the_request().status) == ("ERROR", "ERROR")
    assert the_request().error == (
        'Step 1 of the workflow "keeping": names of additional headers are limited to 255 bytes, got 300'
    )
