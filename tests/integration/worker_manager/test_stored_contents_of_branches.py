"""Members of a parallel step store what they make; what is gathered of it is stored as well."""

import base64
import json
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.stored_contents import a_stored_answer, files_of, folder_of, given_to
from tests.factories.worker_manager import a_tenant, a_workflow, live_workers, the_request
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import retry
from worker_manager.models import Branch, Request
from worker_manager.services import gathering
from workers.contract.stored_content import StoredContent
from workers.contract.work_answer import WorkAnswer

pytestmark = pytest.mark.django_db

_FIRST = b'{"made":"by a"}'
_GATHERED = b'{"contents":[{"b":1},{"c":2}]}'


@pytest.fixture(autouse=True)
def _storage(settings: Settings, tmp_path: Path) -> None:
    settings.STORED_CONTENTS = True
    settings.SHARED_STORAGE = tmp_path


def _forked(engine: Engine, *, last: str = "celery") -> Request:
    """Return a request at the parallel step 2 of three, whose first step has stored its content."""
    a_workflow(a_tenant(), workflow_type="wide", steps={1: "a", 2: ("b", "c"), 3: "d"})
    live_workers("a", "b", "c", protocol="celery", stored_contents=True)
    live_workers("d", protocol=last, stored_contents=last == "celery")
    engine.submit(a_submission(content_type="wide"))
    engine.answer(a_stored_answer(the_request(), _FIRST))
    return the_request()


def _made_by(worker_type: str, content: bytes) -> WorkAnswer:
    branch = every(Branch).get(step_worker_type=worker_type)
    return a_stored_answer(the_request(), content, attempt=branch.attempt)


def _finish(engine: Engine) -> None:
    engine.answer(_made_by("b", b'{"b":1}'))
    engine.answer(_made_by("c", b'{"c":2}'))


def test_it_gives_every_member_the_same_reference(engine: Engine) -> None:
    _forked(engine)
    given = [given_to(sent) for sent in engine.dispatches()[1:]]
    assert given == 2 * [StoredContent.of(_FIRST, attempt=1).to_json()]


def test_it_gives_a_foreign_member_the_content_and_ours_the_reference(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: "a", 2: ("b", "c"), 3: "a"})
    live_workers("a", "b", protocol="celery", stored_contents=True)
    live_workers("c")
    engine.submit(a_submission(content_type="wide"))
    engine.answer(a_stored_answer(the_request(), _FIRST))
    ours, foreign = engine.dispatches()[1:]
    assert given_to(ours) == StoredContent.of(_FIRST, attempt=1).to_json()
    assert foreign.body == _FIRST


def test_it_keeps_what_a_branch_has_stored_in_its_row(engine: Engine) -> None:
    _forked(engine)
    answer = _made_by("b", b'{"b":1}')
    engine.answer(answer)
    branch = every(Branch).get(step_worker_type="b")
    assert answer.stored is not None
    assert branch.content is not None
    assert (branch.status, bytes(branch.content)) == ("SUCCESS", b"")
    assert branch.stored_content == answer.stored.to_json()


def test_it_stores_what_it_gathers(engine: Engine) -> None:
    _forked(engine)
    _finish(engine)
    request = the_request()
    assert request.stored_content == StoredContent.of(_GATHERED, attempt=3).to_json()
    assert given_to(engine.dispatches()[-1]) == request.stored_content
    assert _GATHERED in files_of(request)


def test_it_gives_a_foreign_worker_what_it_gathers(engine: Engine) -> None:
    _forked(engine, last="raw")
    _finish(engine)
    assert engine.dispatches()[-1].body == _GATHERED


def test_it_gathers_contents_that_travelled_and_others(engine: Engine) -> None:
    _forked(engine)
    engine.answer(_made_by("b", b'{"b":1}'))
    branch = every(Branch).get(step_worker_type="c")
    engine.answer(an_answer(content=b'{"c":2}', dispatch_id=f"{the_request().pk}:2:{branch.attempt}"))
    assert the_request().stored_content == StoredContent.of(_GATHERED, attempt=3).to_json()


def test_it_gives_the_client_what_the_last_step_gathers(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: "a", 2: ("b", "c")})
    live_workers("a", "b", "c", protocol="celery", stored_contents=True)
    engine.submit(a_submission(content_type="wide"))
    engine.answer(a_stored_answer(the_request(), _FIRST))
    _finish(engine)
    assert (engine.states()[-1], engine.responses()[-1].content) == (("r-1", "SUCCESS"), _GATHERED)


def test_it_keeps_in_the_row_what_it_cannot_store(engine: Engine) -> None:
    request = _forked(engine)
    engine.answer(_made_by("b", b'{"b":1}'))
    answer = _made_by("c", b'{"c":2}')
    # In the place of the file that the manager would write.
    (folder_of(request).path / StoredContent.of(_GATHERED, attempt=3).name).mkdir()
    engine.answer(answer)
    stored = the_request()
    assert (stored.stored_content, bytes(stored.content or b"")) == (None, _GATHERED)
    assert given_to(engine.dispatches()[-1]) == base64.b64encode(_GATHERED).decode()


def test_it_ends_in_error_when_what_a_member_made_is_lost_and_can_be_retried(
    engine: Engine, office: Office
) -> None:
    request = _forked(engine)
    answer = _made_by("b", b'{"b":1}')
    engine.answer(answer)
    assert answer.stored is not None
    folder_of(request).remove(answer.stored)
    engine.answer(_made_by("c", b'{"c":2}'))
    failed = the_request()
    assert (failed.status, engine.states()[-1]) == ("ERROR", ("r-1", "ERROR"))
    assert f"{answer.stored.name} in the shared storage" in (failed.error or "")
    retry(office, request.tenant)
    _finish(engine)
    assert json.loads(folder_of(request).load(_current())) == json.loads(_GATHERED)


def test_it_gathers_no_more_than_a_message_can_carry(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_BYTES", len(_GATHERED) - 1)
    _forked(engine)
    _finish(engine)
    assert the_request().status == "ERROR"
    assert the_request().error == f"The gathered contents have {len(_GATHERED)} bytes, the limit is 29"


def _current() -> StoredContent:
    stored = the_request().stored_payload
    assert stored is not None
    return stored
