"""Sessions as the dashboard sees them, and as they are."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from regards_processing.kernel.amqp import topology
from tests.factories.rows import every
from tests.factories.worker_manager import AT
from tests.fakes.engine import Engine, committing
from worker_manager.models import FinishedRequest, Request, SessionStep
from worker_manager.services.session_steps import fold_changes
from worker_manager.session_counters import net_changes


def fold(*, at: datetime = AT) -> int:
    """Sweep, commit and publish."""
    with committing(execute=True):
        return fold_changes(at=at)


def told(engine: Engine) -> list[dict[str, Any]]:
    """Return what the dashboard was told, oldest first."""
    sent = engine.broker.published_to(topology.SESSION_STEP_EXCHANGE)
    return [json.loads(message.body)["sessionStep"] for message in sent]


def counters(session: str = "2025-06", *, source: str = "acme", tenant: str = "demo") -> dict[str, int]:
    """Fold, and return what a session counts; nothing, when it has no step."""
    fold()
    step = every(SessionStep).filter(tenant__name=tenant, source=source, session=session).first()
    return {name: count for name, count in _properties(step).items() if count}


def _properties(step: SessionStep | None) -> Mapping[str, int]:
    return step.properties if step else {}


def counted() -> dict[str, int]:
    """Fold, and return the sum of all counters of all sessions."""
    fold()
    whole = Counter[str]()
    for step in every(SessionStep):
        whole.update(step.properties)
    return {name: count for name, count in whole.items() if count}


def there_are() -> dict[str, int]:
    """Return what `counted` must be, by the requests that are there and the ends that are remembered."""
    whole = Counter[str]()
    places = [
        *every(Request).values_list("status", "dispatched_worker_type"),
        *every(FinishedRequest).exclude(status="TO_DELETE").values_list("status", "worker_type"),
    ]
    for change in net_changes(((1, "", ""), None, place) for place in places).values():
        whole.update(change.properties)
    return dict(whole)
