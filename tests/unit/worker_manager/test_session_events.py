"""What is told about sessions, exactly as the contract writes it."""

from datetime import UTC, datetime

from worker_manager.events.session_step_changed import SessionStepChanged

_EVENT = "fr.cnes.regards.framework.modules.session.commons.domain.events.SessionStepEvent"


def _step() -> SessionStepChanged:
    return SessionStepChanged(
        tenant="demo",
        source="acme",
        session="2025-06",
        input_related=3,
        output_related=1,
        errors=1,
        waiting=0,
        running=1,
        properties={"workers.w1.done": 1, "workers.requests": 3},
        last_update_at=datetime(2025, 1, 23, 14, 42, 27, 120_000, UTC),
    )


def test_it_writes_a_step_exactly_as_the_contract() -> None:
    assert _step().to_message().body == (
        b'{"sessionStep":{"stepId":"workers","source":"acme","session":"2025-06","type":"ACQUISITION",'
        b'"inputRelated":3,"outputRelated":1,"state":{"errors":1,"waiting":0,"running":1},'
        b'"properties":{"workers.requests":"3","workers.w1.done":"1"},'
        b'"lastUpdateDate":"2025-01-23T14:42:27.12Z"}}'
    )


def test_it_sends_steps_to_whoever_listens() -> None:
    sent = _step().to_message()
    assert (sent.exchange, sent.routing_key) == (f"regards.broadcast.{_EVENT}", "")
    assert sent.headers == {"regards.tenant": "demo", "regards.converter": "GSON", "regards.type": _EVENT}
    assert (sent.priority, sent.content_type, sent.content_encoding) == (1, "application/json", "UTF-8")
