"""``POST /requests/submit``: requests by HTTP become what messages become."""

import base64
import json
import uuid
from typing import Any, Final

import pytest
from django.conf import settings
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.services import enable_maintenance
from tests.factories.audit import ADA
from tests.factories.messages import a_submission, an_answer
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, later, live_workers, the_request
from tests.fakes.engine import Engine, committing
from worker_manager.api.submissions import MAX_REQUESTS
from worker_manager.models import Request

pytestmark = pytest.mark.django_db

_HERE: Final = "/api/v1/rs-worker-manager/requests/submit"
_GRANTED: Final = "Your request has been successfully registered."
_DELAYED: Final = "Your request has been delayed as no worker is currently matching content type <unzip>."
_FIELDS: Final = "requestId, source, owner, session, contentType, priority, content, contentBase64, url"
_EXISTS: Final = "Request is denied cause the given requestId <r-1> already exists"


@pytest.fixture
def tenant() -> Tenant:
    demo = a_tenant(skipped=["noise"])
    a_worker_type(demo)
    return demo


@pytest.fixture
def _alive() -> None:
    live_workers("unzip-worker", at=clock.now())


def _body(request_id: str | None = "r-1", **others: Any) -> dict[str, Any]:
    usual = {
        "requestId": request_id,
        "source": "acme",
        "session": "2025-06",
        "contentType": "unzip",
        "content": {"file": "a.zip"},
    }
    return {name: value for name, value in (usual | others).items() if value is not None}


def _submit(body: object, *, role: str = Role.EXPLOIT, tenant: str = "demo", status: int = 200) -> Any:
    with committing(execute=True):
        answer = client_as(role, tenant=tenant).post(_HERE, body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.usefixtures("tenant", "_alive")
def test_it_does_what_a_message_does(engine: Engine) -> None:
    told = _submit(_body())
    assert told == {"requestId": "r-1", "state": "GRANTED", "messages": [_GRANTED], "repeated": False}
    by_http, published = the_request(), list(engine.broker.published)
    engine.forget()
    engine.submit(a_submission("r-2"), at=clock.now())
    by_message = the_request("r-2")
    same = ("content_type", "source", "session", "status", "plan", "original_content", "attempt")
    assert [getattr(by_http, name) for name in same] == [getattr(by_message, name) for name in same]
    assert [message.exchange for message in published] == [
        message.exchange for message in engine.broker.published
    ]
    assert engine.states() == [("r-2", "GRANTED")]


@pytest.mark.usefixtures("tenant")
def test_it_tells_the_client_by_message_as_well(engine: Engine) -> None:
    assert _submit(_body())["state"] == "DELAYED"
    _submit(_body(contentType="noise", requestId="r-2"))
    assert engine.states() == [("r-1", "DELAYED"), ("r-2", "SKIPPED")]


@pytest.mark.usefixtures("tenant", "engine")
def test_it_makes_up_an_id() -> None:
    told = _submit(_body(None))
    assert str(uuid.UUID(told["requestId"])) == told["requestId"]
    assert the_request(told["requestId"]).status == "NO_WORKER_AVAILABLE"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"content": {"b": [1, 1.5, None], "a": "é"}}, '{"b":[1,1.5,null],"a":"é"}'),
        ({"content": {}}, "{}"),
        ({"contentBase64": base64.b64encode(b'{ "a" : 1.50 }').decode()}, '{ "a" : 1.50 }'),
        ({"url": "file:///data/in/scene.zip"}, '{"url":"file:///data/in/scene.zip"}'),
        ({"url": "https://host/scene.zip?x=1"}, '{"url":"https://host/scene.zip?x=1"}'),
    ],
)
@pytest.mark.usefixtures("tenant", "engine")
def test_it_takes_a_body_in_three_forms(given: dict[str, Any], stored: str) -> None:
    _submit(_body(content=None) | given)
    assert bytes(the_request().original_content) == stored.encode()


@pytest.mark.usefixtures("tenant", "engine")
def test_it_knows_the_source_by_its_name_in_messages() -> None:
    _submit(_body(source=None, owner="acme"))
    assert the_request().source == "acme"


@pytest.mark.parametrize(("given", "stored"), [(7, 7), (0, 0), (None, 3)])
@pytest.mark.usefixtures("engine")
def test_it_takes_the_priority_that_is_named(given: int | None, stored: int) -> None:
    worker_type = a_worker_type(a_tenant())
    worker_type.priority = 3
    worker_type.save()
    _submit(_body(priority=given))
    assert the_request().priority == stored


@pytest.mark.usefixtures("tenant", "_alive")
def test_it_answers_each_of_several(engine: Engine) -> None:
    told = _submit(
        [
            _body("r-1"),
            _body("r-2", contentType="noise"),
            _body("r-3", contentType="other"),
            _body("r-1", content={"another": "body"}),
            _body("r-1"),
        ]
    )
    assert [(each["requestId"], each["state"], each["repeated"]) for each in told] == [
        ("r-1", "GRANTED", False),
        ("r-2", "SKIPPED", False),
        ("r-3", "DELAYED", False),
        ("r-1", "SKIPPED", False),
        ("r-1", "GRANTED", True),
    ]
    assert told[1]["messages"] == [
        "Content type <noise> is configured to be automatically skipped on tenant <demo>"
    ]
    assert told[3]["messages"] == [_EXISTS]
    assert sorted(every(Request).values_list("request_id", flat=True)) == ["r-1", "r-3"]
    assert sorted(engine.states()) == [
        ("r-1", "GRANTED"),
        ("r-1", "SKIPPED"),
        ("r-2", "SKIPPED"),
        ("r-3", "DELAYED"),
    ]


@pytest.mark.usefixtures("tenant")
def test_it_answers_a_repeated_call_with_what_is_stored(engine: Engine) -> None:
    first = _submit(_body())
    engine.forget()
    assert _submit(_body()) == first | {"repeated": True}
    assert (engine.broker.published, every(Request).count()) == ([], 1)
    assert first["messages"] == [_DELAYED]


@pytest.mark.usefixtures("tenant", "_alive")
def test_it_tells_what_became_of_a_known_request(engine: Engine) -> None:
    _submit([_body("r-1"), _body("r-2"), _body("r-3")])
    engine.answer(an_answer("RUNNING", request_id="r-1"), at=clock.now())
    engine.answer(an_answer("ERROR", request_id="r-2", messages=["disk full"]), at=clock.now())
    engine.answer(an_answer("SUCCESS", request_id="r-3", content=b"{}"), at=clock.now())
    told = _submit([_body("r-1"), _body("r-2"), _body("r-3")])
    assert [(each["state"], each["repeated"]) for each in told] == [
        ("GRANTED", True),
        ("ERROR", True),
        ("SUCCESS", True),
    ]
    assert told[0]["messages"] == ["Your request is on its way."]
    assert "disk full" in told[1]["messages"][0]


@pytest.mark.usefixtures("tenant")
def test_it_knows_a_request_as_long_as_it_is_remembered(engine: Engine) -> None:
    live_workers("unzip-worker")
    engine.submit(a_submission())
    engine.answer(an_answer())
    assert clock.now() > later(settings.REDELIVERED_WITHIN)
    told = _submit(_body())
    assert (told["state"], told["repeated"], every(Request).count()) == ("SUCCESS", True, 0)


@pytest.mark.usefixtures("tenant", "engine")
def test_it_refuses_another_body_under_a_known_id() -> None:
    _submit(_body())
    told = _submit(_body(content={"file": "b.zip"}))
    assert (told["state"], told["messages"], told["repeated"]) == ("SKIPPED", [_EXISTS], False)
    assert bytes(the_request().original_content) == b'{"file":"a.zip"}'


@pytest.mark.usefixtures("tenant", "engine")
def test_it_refuses_a_body_that_is_too_large(settings: Settings) -> None:
    settings.MESSAGE_MAX_BYTES = 20
    told = _submit(_body(content={"file": "a" * 20}))
    assert (told["state"], told["messages"]) == ("SKIPPED", ["The body has 31 bytes, the limit is 20"])
    assert every(Request).count() == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_body(content=None), "exactly one of content, contentBase64, url is expected, got none"),
        (_body(url="file:/a"), "exactly one of content, contentBase64, url is expected, got content and url"),
        (_body(content=[1]), 'content: Expected a dictionary of items but got type "list".'),
        (_body(content=None, contentBase64="e30"), "contentBase64: not Base64 (standard alphabet, padded)"),
        (
            _body(content=None, contentBase64="W10="),
            "contentBase64: Body must be a JSON object, not list",
        ),
        (
            _body(content=None, url="scene.zip"),
            "url: 'scene.zip' is not an address such as file:///data/in/scene.zip or https://host/scene.zip",
        ),
        (_body(source=None), "source: This field is required."),
        (_body(session=None), "session: This field is required."),
        (_body(contentType=None), "contentType: This field is required."),
        (_body() | {"contentType": None}, "contentType: This field may not be null."),
        (_body(contentType=""), "contentType: This field may not be blank."),
        (_body(contentType=" \t"), "contentType: This field may not be blank."),
        (_body(prioritty=3), f"prioritty: This field is not known. Known are {_FIELDS}."),
        (_body(tenant="other"), f"tenant: This field is not known. Known are {_FIELDS}."),
        (_body(""), "requestId: This field may not be blank."),
        (_body("r" * 256), "requestId: Ensure this field has no more than 255 characters."),
        (_body(owner="other"), "source and owner are the same, and differ here"),
        (_body(priority=256), "priority: Ensure this value is less than or equal to 255."),
        ([_body(), _body("r-2", session=[])], "[1].session: Not a valid string."),
        (_body(source=[]), "source: Not a valid string."),
        ([], "This list may not be empty."),
        (7, "Invalid data. Expected a dictionary, but got int."),
    ],
)
@pytest.mark.usefixtures("tenant", "engine")
def test_it_refuses_what_is_no_request(body: object, message: str) -> None:
    assert _submit(body, status=422) == {"messages": [message]}
    assert every(Request).count() == 0


@pytest.mark.usefixtures("tenant", "engine")
def test_it_names_everything_that_is_missing_at_once() -> None:
    assert _submit([_body(), {}], status=422) == {
        "messages": [
            "[1].session: This field is required.",
            "[1].contentType: This field is required.",
            "[1].source: This field is required.",
            "[1]: exactly one of content, contentBase64, url is expected, got none",
        ]
    }
    assert every(Request).count() == 0


@pytest.mark.usefixtures("tenant", "engine")
def test_it_refuses_too_many_at_once() -> None:
    answer = _submit([_body()] * (MAX_REQUESTS + 1), status=422)
    assert answer == {"messages": [f"Ensure this field has no more than {MAX_REQUESTS} elements."]}


@pytest.mark.usefixtures("tenant", "engine")
def test_it_refuses_numbers_that_json_does_not_know() -> None:
    text = json.dumps(_body()).replace('"a.zip"', "1e999").encode()
    answer = client_as(Role.EXPLOIT, tenant="demo").post(_HERE, text, content_type="application/json")
    assert (answer.status_code, answer.json()) == (
        400,
        {"messages": ["Malformed JSON: body.content.file is not a finite number"]},
    )


@pytest.mark.usefixtures("tenant")
def test_it_keeps_what_it_took_while_the_broker_is_away(engine: Engine) -> None:
    engine.broker.down = True
    assert _submit(_body())["state"] == "DELAYED"
    assert the_request().status == "NO_WORKER_AVAILABLE"


@pytest.mark.usefixtures("engine")
def test_it_submits_to_the_tenant_of_the_caller() -> None:
    a_worker_type(a_tenant())
    other = a_tenant(name="other")
    _submit(_body())
    told = _submit(_body(), tenant="other")
    assert (told["state"], told["repeated"]) == ("DELAYED", False)
    assert every(Request).filter(tenant=other).count() == 1


@pytest.mark.usefixtures("tenant", "engine")
def test_it_leaves_one_entry_in_the_audit_trail_for_what_is_new() -> None:
    _submit([_body("r-1"), _body("r-2"), _body("r-3", contentType="noise")])
    # Known and refused: nothing is changed.
    _submit([_body("r-1"), _body("r-4", contentType="noise")])
    _submit(_body("r-5"))
    entries = AuditEntry.objects.order_by("pk")
    assert list(entries.values_list("action", "target", "details")) == [
        ("request.submitted", "2 requests", {"requests": 2, "ids": ["r-1", "r-2"]}),
        ("request.submitted", "r-5", {"requests": 1, "ids": ["r-5"]}),
    ]
    assert set(entries.values_list("actor", "origin", "tenant")) == {("ada", "REST", "demo")}


@pytest.mark.usefixtures("tenant")
def test_a_message_leaves_none(engine: Engine) -> None:
    engine.submit(a_submission("r-1"))
    assert not AuditEntry.objects.exists()


@pytest.mark.usefixtures("tenant", "engine")
def test_it_is_not_for_everybody_nor_for_every_time() -> None:
    _submit(_body(), role=Role.REGISTERED_USER, status=403)
    enable_maintenance(tenants=["demo"], actor=ADA, at=clock.now())
    _submit(_body(), status=515)
    assert every(Request).count() == 0
