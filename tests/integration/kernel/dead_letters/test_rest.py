"""``/dead-letters``: what the command does, by REST, and for each tenant its own."""

from typing import Any, Final

import pytest
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.dead_letters import api
from regards_processing.kernel.rest.services import SERVICES
from regards_processing.kernel.tenancy.services import enable_maintenance
from tests.factories.audit import ADA, NOON
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant
from tests.integration.kernel.dead_letters.mailbox import ANSWERS, ANSWERS_DLQ, DLQ, Mailbox

pytestmark = pytest.mark.django_db

_HERE: Final = "/api/v1/rs-worker-manager/dead-letters"
_EACH_ORDER = pytest.mark.parametrize("order", ["replay", "drop"])


@pytest.fixture(autouse=True)
def _tenants() -> None:
    a_tenant()
    a_tenant(name="other")


def _get(path: str = "", *, role: str = Role.ADMIN, tenant: str = "demo", status: int = 200) -> Any:
    answer = client_as(role, tenant=tenant).get(f"{_HERE}{path}")
    assert answer.status_code == status, answer.content
    return answer.json()


def _give(
    order: str,
    body: dict[str, Any] | None = None,
    *,
    query: str = "",
    role: str = Role.ADMIN,
    tenant: str = "demo",
    status: int = 200,
) -> Any:
    wanted = {"queue": ANSWERS_DLQ} if body is None else body
    answer = client_as(role, tenant=tenant).post(f"{_HERE}/{order}{query}", wanted, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def _excerpts(answer: Any) -> list[str]:
    return [each["content"]["excerpt"] for each in answer["content"]]


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_it_lists_what_nobody_could_handle(mailbox: Mailbox, service: str) -> None:
    mailbox.bury(b'{"a": 1}', properties={"timestamp": 1_700_000_000})
    answer = client_as(Role.ADMIN, tenant="demo").get(f"/api/v1/{service}/dead-letters").json()
    (told,) = answer["content"]
    letter = told["content"]
    assert letter.pop("age") > 0
    assert len(letter.pop("id")) == 32
    assert letter == {
        "queue": ANSWERS_DLQ,
        "position": 1,
        "reason": "it broke",
        "diedIn": ANSWERS,
        "exchange": "regards.worker.manager.response",
        "sentAt": "2023-11-14T22:13:20Z",
        "tenant": "demo",
        "requestId": "r-1",
        "bytes": 8,
        "excerpt": '{"a": 1}',
    }
    assert [link["rel"] for link in told["links"]] == ["self", "replay", "drop"]
    assert answer["complete"] is True
    assert mailbox.bodies(ANSWERS_DLQ) == [b'{"a": 1}']


def test_it_gives_pages(mailbox: Mailbox) -> None:
    mailbox.bury(*(b"%d" % number for number in range(5)))
    answer = _get("?page=1&size=2")
    assert _excerpts(answer) == ["2", "3"]
    assert answer["metadata"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": 1}
    assert [link["rel"] for link in answer["links"]] == ["first", "prev", "self", "next", "last"]
    assert _excerpts(_get("?size=2&sort=position,desc")) == ["4", "3"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"?queue={ANSWERS_DLQ}", ["mine", "other"]),
        (f"?queue={DLQ}", []),
        ("?requestId=r-2", ["other"]),
        ("?reason=BROKE", ["mine", "other"]),
        ("?reason=burnt", []),
        ("?excerpt=2", ["mi", "ot"]),
    ],
)
def test_it_filters(mailbox: Mailbox, query: str, found: list[str]) -> None:
    mailbox.bury(b"mine")
    mailbox.bury(b"other", request_id="r-2")
    assert _excerpts(_get(query)) == found


def test_it_reads_one_in_full(mailbox: Mailbox) -> None:
    mailbox.bury(b"first", b"\xff" * 2000, correlation_id="c-1")
    listed = _get()["content"][1]
    (letter, links) = _get(f"/{listed['content']['id']}").values()
    assert letter["excerpt"] == "\\xff" * 1000
    assert letter["headers"]["x-exception-stacktrace"] == "here\nand there"
    assert letter["properties"]["correlation_id"] == "c-1"
    assert links == listed["links"]
    assert {name: letter[name] for name in ("id", "position", "bytes")} == {
        name: listed["content"][name] for name in ("id", "position", "bytes")
    }
    mailbox.take(ANSWERS_DLQ)
    assert "There is no dead letter" in _get(f"/{letter['id']}", status=404)["messages"][0]


@_EACH_ORDER
def test_it_does_what_is_ordered_once(mailbox: Mailbox, order: str) -> None:
    mailbox.bury(b"a", b"b")
    mailbox.bury(b"c", request_id="r-2")
    wanted = {"queue": ANSWERS_DLQ, "requestId": "r-1"}
    assert _give(order, wanted) == {"done": 2, "stayed": [], "complete": True}
    assert _give(order, wanted) == {"done": 0, "stayed": [], "complete": True}
    assert mailbox.bodies(ANSWERS_DLQ) == [b"c"]
    assert mailbox.bodies(ANSWERS) == {"replay": [b"a", b"b"], "drop": []}[order]


@_EACH_ORDER
@pytest.mark.parametrize(
    ("wanted", "left"), [({"limit": 1}, [b"b", b"c"]), ({"reason": "nothing"}, [b"a", b"b", b"c"]), ({}, [])]
)
def test_it_does_no_more_than_is_meant(
    mailbox: Mailbox, order: str, wanted: dict[str, Any], left: list[bytes]
) -> None:
    mailbox.bury(b"a", b"b", b"c")
    _give(order, {"queue": ANSWERS_DLQ} | wanted)
    assert mailbox.bodies(ANSWERS_DLQ) == left


@_EACH_ORDER
def test_it_takes_those_that_are_named(mailbox: Mailbox, order: str) -> None:
    mailbox.bury(b"a", b"b", b"b", b"c")
    ids = [each["content"]["id"] for each in _get()["content"]]
    assert ids[1] == ids[2]
    assert _give(order, {"queue": ANSWERS_DLQ, "ids": [ids[3], ids[1]]})["done"] == 2
    assert mailbox.bodies(ANSWERS_DLQ) == [b"a", b"b"]


def test_it_says_what_stays(mailbox: Mailbox) -> None:
    headers = {"regards.tenant": "demo", "regards.request.id": "r-9", "x-death-queue": "gone"}
    mailbox.put(ANSWERS_DLQ, b"a", headers=headers)
    assert _give("replay") == {
        "done": 0,
        "stayed": [{"position": 1, "requestId": "r-9", "reason": "There is no queue gone"}],
        "complete": True,
    }


@_EACH_ORDER
def test_it_keeps_tenants_apart(mailbox: Mailbox, order: str) -> None:
    mailbox.bury(b"of demo")
    mailbox.put(DLQ, b"of nobody", headers={"x-death-queue": ANSWERS})
    (told,) = _get()["content"]
    mine = {"queue": ANSWERS_DLQ, "ids": [told["content"]["id"]]}
    assert _get(tenant="other")["metadata"]["totalElements"] == 0
    assert _get(f"/{told['content']['id']}", tenant="other", status=404)
    assert _give(order, mine, tenant="other")["done"] == 0
    assert _give(order, {"queue": DLQ}, tenant="demo")["done"] == 0
    assert (mailbox.bodies(ANSWERS_DLQ), mailbox.bodies(DLQ)) == ([b"of demo"], [b"of nobody"])


def test_it_shows_everything_to_who_stands_above_tenants(mailbox: Mailbox) -> None:
    mailbox.bury(b"of demo")
    mailbox.put(DLQ, b"of nobody")
    above = _get(role=Role.INSTANCE_ADMIN)
    assert _excerpts(above) == ["of nobody", "of demo"]
    assert above["queues"] == [{"queue": DLQ, "messages": 1}, {"queue": ANSWERS_DLQ, "messages": 1}]
    narrowed = _get("?tenant=demo", role=Role.INSTANCE_ADMIN)
    assert (_excerpts(narrowed), "queues" in narrowed) == (["of demo"], False)
    assert _give("drop", {"queue": DLQ}, role=Role.INSTANCE_ADMIN)["done"] == 1
    wanted = {"queue": ANSWERS_DLQ}
    assert _give("drop", wanted, query="?tenant=other", role=Role.INSTANCE_ADMIN)["done"] == 0
    _give("drop", query="?tenant=other", status=403)


@_EACH_ORDER
def test_it_leaves_a_trace_in_the_tenant(mailbox: Mailbox, order: str) -> None:
    mailbox.bury(b"a")
    _give(order)
    trail = AuditEntry.objects.order_by("pk").values_list("action", "tenant", "actor", "origin", "target")
    done = {"replay": "replayed", "drop": "dropped"}[order]
    assert list(trail) == [
        (f"dead_letters.{verb}", "demo", "ada", "REST", ANSWERS_DLQ) for verb in (f"{order}_begun", done)
    ]


@_EACH_ORDER
@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 422, "queue: This field is required."),
        (
            {"queue": ANSWERS},
            404,
            f"'{ANSWERS}' keeps no dead letters of the platform: {DLQ}, {ANSWERS_DLQ} do",
        ),
        ({"queue": DLQ, "ids": []}, 422, "ids: This list may not be empty."),
        ({"queue": DLQ, "ids": ["1"]}, 422, "ids[0]: This value does not match the required pattern."),
        ({"queue": DLQ, "limit": 0}, 422, "limit: Ensure this value is greater than or equal to 1."),
    ],
)
def test_it_refuses_what_makes_no_sense(
    mailbox: Mailbox, order: str, body: dict[str, Any], status: int, message: str
) -> None:
    mailbox.bury(b"a")
    assert _give(order, body, status=status) == {"messages": [message]}
    assert mailbox.bodies(ANSWERS_DLQ) == [b"a"]


@pytest.mark.usefixtures("mailbox")
def test_it_refuses_a_queue_that_keeps_none() -> None:
    _get(f"?queue={ANSWERS}", status=404)
    _get("?excerpt=-1", status=400)


@pytest.mark.usefixtures("mailbox")
def test_it_is_for_administrators() -> None:
    _get(role=Role.EXPLOIT, status=403)
    _get(f"/{'0' * 32}", role=Role.EXPLOIT, status=403)
    _give("replay", role=Role.EXPLOIT, status=403)
    _give("drop", role=Role.EXPLOIT, status=403)


def test_it_only_reads_during_maintenance(mailbox: Mailbox) -> None:
    mailbox.bury(b"a")
    enable_maintenance(tenants=["demo"], actor=ADA, at=NOON)
    assert _excerpts(_get()) == ["a"]
    _give("drop", status=515)


@pytest.mark.rabbitmq
def test_it_looks_at_a_long_queue_in_several_calls(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    # However slow the machine is: the number ends a look here, not its time.
    monkeypatch.setattr(api, "PATIENCE", 120.0)
    monkeypatch.setattr(api, "LOOKED_AT", 300)
    mailbox.bury(*(b"%d" % number for number in range(301)))
    listed = _get("?size=1")
    assert (listed["metadata"]["totalElements"], listed["complete"]) == (300, False)
    assert _give("drop") == {"done": 300, "stayed": [], "complete": False}
    assert _give("drop") == {"done": 1, "stayed": [], "complete": True}


@pytest.mark.rabbitmq
def test_it_says_that_the_broker_is_away(settings: Settings) -> None:
    settings.BROKER_URL = "amqp://guest:guest@127.0.0.1:1//"
    _get(status=503)
    _give("replay", status=503)
