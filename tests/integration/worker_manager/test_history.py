"""Finished requests are remembered for a while."""

import pytest
from pytest_django import Settings

from tests.factories.messages import an_answer, submissions
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, later, live_workers
from tests.fakes.engine import Engine
from worker_manager.models import FinishedRequest
from worker_manager.services.history import forget_finished

pytestmark = pytest.mark.django_db


def test_it_forgets_what_finished_long_ago(engine: Engine, settings: Settings) -> None:
    settings.HISTORY_KEPT, settings.SWEEP_PAGE = 100, 2
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(*submissions(6))
    engine.answer(*(an_answer(request_id=f"r-{number}") for number in range(5)))
    engine.answer(an_answer(request_id="r-5"), at=later(1))
    assert forget_finished(at=later(100)) == 0
    assert forget_finished(at=later(101)) == 5
    assert every(FinishedRequest).get().request_id == "r-5"
