"""Files that hold contents go when no request needs them any more."""

import os
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.factories.messages import a_submission, an_answer, submissions
from tests.factories.rows import every
from tests.factories.stored_contents import LARGE, a_stored_answer, files_of, folder_of
from tests.factories.worker_manager import AT, a_tenant, a_workflow, later, live_workers, the_request
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import cancel, delete, retry
from worker_manager import measures
from worker_manager.models import Branch, KeptContent, Request
from worker_manager.services.orders import Start
from worker_manager.services.stored_contents import remove_orphans, remove_unneeded
from worker_manager.tasks import remove_orphaned_contents, remove_unneeded_contents

pytestmark = pytest.mark.django_db

_DAY = 86_400


@pytest.fixture(autouse=True)
def _storage(settings: Settings, tmp_path: Path) -> None:
    settings.STORED_CONTENTS = True
    settings.SHARED_STORAGE = tmp_path


def _at_step_two(engine: Engine) -> Request:
    """Return a request at step 2 of two, whose first step has stored its content."""
    a_workflow(a_tenant())
    live_workers("unzip-worker", "sip-worker", protocol="celery", stored_contents=True)
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(a_stored_answer(the_request()))
    return the_request()


def _aged(path: Path, *, seconds: float) -> Path:
    """Make a folder look as if nothing had happened in it for so long before `AT`."""
    path.mkdir(parents=True, exist_ok=True)
    at = AT.timestamp() - seconds
    os.utime(path, (at, at))
    return path


def test_it_leaves_what_a_request_needs(engine: Engine) -> None:
    request = _at_step_two(engine)
    assert remove_unneeded() == 0
    assert (files_of(request), every(KeptContent).count()) == ([LARGE], 1)


def test_it_leaves_what_a_failed_request_may_need(engine: Engine, office: Office) -> None:
    request = _at_step_two(engine)
    engine.answer(an_answer("ERROR", dispatch_id=request.dispatch_id))
    assert remove_unneeded() == 0
    retry(office, request.tenant)
    assert (the_request().status, files_of(request)) == ("DISPATCHED", [LARGE])


def test_it_removes_the_folder_of_a_request_that_has_succeeded(engine: Engine) -> None:
    request = _at_step_two(engine)
    engine.answer(a_stored_answer(request, b"the end"))
    # What an attempt stored whose answer did not count.
    folder_of(request).keep(b"a ghost's", attempt=9)
    assert remove_unneeded() == 2
    assert (folder_of(request).path.exists(), every(KeptContent).count()) == (False, 0)


def test_it_removes_the_folder_of_a_request_that_was_deleted(engine: Engine, office: Office) -> None:
    request = _at_step_two(engine)
    engine.answer(an_answer("ERROR", dispatch_id=request.dispatch_id))
    delete(office, request.tenant)
    assert remove_unneeded() == 1
    assert not folder_of(request).path.exists()


def test_it_removes_the_folder_of_a_request_that_was_cancelled(engine: Engine, office: Office) -> None:
    request = _at_step_two(engine)
    cancel(office, request.tenant)
    assert remove_unneeded() == 1
    assert not folder_of(request).path.exists()


def test_it_removes_what_a_retry_from_the_first_step_has_left(engine: Engine, office: Office) -> None:
    request = _at_step_two(engine)
    engine.answer(an_answer("ERROR", dispatch_id=request.dispatch_id))
    retry(office, request.tenant, start=Start.FIRST)
    assert remove_unneeded() == 1
    assert (files_of(request), folder_of(request).path.exists()) == ([], True)


def test_it_removes_contents_of_steps_that_are_passed(engine: Engine) -> None:
    a_workflow(a_tenant(), steps={1: "a", 2: "b", 3: "c"})
    live_workers("a", "b", "c", protocol="celery", stored_contents=True)
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(a_stored_answer(the_request(), b"of a"))
    engine.answer(a_stored_answer(the_request(), b"of b"))
    assert remove_unneeded() == 1
    assert files_of(the_request()) == [b"of b"]
    assert every(KeptContent).get().attempt == 2


def test_it_leaves_what_branches_have_made_until_it_is_gathered(engine: Engine) -> None:
    a_workflow(a_tenant(), workflow_type="wide", steps={1: "a", 2: ("b", "c"), 3: "d"})
    live_workers(*"abcd", protocol="celery", stored_contents=True)
    engine.submit(a_submission(content_type="wide"))
    engine.answer(a_stored_answer(the_request(), b"1"))
    first, second = every(Branch).order_by("position").values_list("attempt", flat=True)
    engine.answer(a_stored_answer(the_request(), b"2", attempt=first))
    assert (remove_unneeded(), files_of(the_request())) == (0, [b"1", b"2"])
    engine.answer(a_stored_answer(the_request(), b"3", attempt=second))
    assert remove_unneeded() == 3
    assert files_of(the_request()) == [b'{"contents":[2,3]}']


def test_it_does_so_page_by_page(engine: Engine, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    a_workflow(a_tenant(), steps={1: "a", 2: "b"})
    live_workers("a", "b", protocol="celery", stored_contents=True)
    engine.submit(*submissions(5, content_type="ingest"))
    requests = list(every(Request).order_by("pk"))
    engine.answer(*map(a_stored_answer, requests))
    engine.answer(
        *(an_answer(request_id=f"r-{n}", dispatch_id=f"{requests[n].pk}:2:2") for n in (0, 1, 2, 4))
    )
    assert remove_unneeded() == 4
    assert [folder_of(request).path.exists() for request in requests] == [False, False, False, True, False]


def test_it_is_done_twice_without_harm(engine: Engine) -> None:
    request = _at_step_two(engine)
    engine.answer(a_stored_answer(request, b"the end"))
    noted = list(every(KeptContent))
    remove_unneeded()
    # As if another sweep had been just as far.
    KeptContent.objects.bulk_create(noted)
    assert remove_unneeded() == 2


def test_it_asks_nothing_where_nothing_was_ever_stored() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert (remove_unneeded(), remove_orphans(at=AT)) == (0, 0)
    assert len(captured) == 0


def test_it_keeps_the_note_of_what_it_could_not_remove(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    a_workflow(a_tenant(), steps={1: "a", 2: "b", 3: "c"})
    live_workers("a", "b", "c", protocol="celery", stored_contents=True)
    engine.submit(a_submission(content_type="ingest"))
    first = a_stored_answer(the_request(), b"of a")
    engine.answer(first)
    engine.answer(a_stored_answer(the_request(), b"of b"))
    assert first.stored is not None
    path = folder_of(the_request()).path / first.stored.name
    path.unlink()
    path.mkdir()
    assert remove_unneeded() == 0
    assert "contents cannot be removed" in caplog.text
    path.rmdir()
    assert remove_unneeded() == 1


def test_it_removes_folders_of_requests_that_are_gone_after_a_day(engine: Engine) -> None:
    request = _at_step_two(engine)
    _aged(folder_of(request).path, seconds=2 * _DAY)
    contents = folder_of(request).path.parent
    orphan = _aged(contents / "999999", seconds=_DAY + 1)
    of_others = _aged(contents.parent / "other" / "999998", seconds=_DAY + 1)
    young = _aged(contents / "999997", seconds=_DAY - 1)
    not_ours = _aged(contents / "notes", seconds=2 * _DAY)
    assert remove_orphans(at=AT) == 2
    left = [path.exists() for path in (folder_of(request).path, orphan, of_others, young, not_ours)]
    assert left == [True, False, False, True, True]


def test_it_follows_no_link_to_an_orphan(tmp_path: Path) -> None:
    elsewhere = _aged(tmp_path / "elsewhere" / "999999", seconds=2 * _DAY)
    (tmp_path / ".contents").mkdir()
    (tmp_path / ".contents" / "demo").symlink_to(elsewhere.parent)
    assert remove_orphans(at=AT) == 0
    assert elsewhere.exists()


def test_it_is_planned(engine: Engine) -> None:
    request = _at_step_two(engine)
    engine.answer(a_stored_answer(request, b"the end"))
    assert remove_unneeded_contents(unknown_later="ignored") == 2
    _aged(folder_of(request).path, seconds=2 * _DAY)
    assert remove_orphaned_contents() == 1


def test_it_is_measured(engine: Engine) -> None:
    _at_step_two(engine)
    found = {
        (sample.name, sample.labels["tenant"]): sample.value
        for metric in measures.stored_contents(later(0))
        for sample in metric.samples
    }
    assert found == {
        ("regards_stored_contents", "demo"): 1,
        ("regards_stored_content_bytes", "demo"): len(LARGE),
    }
