"""Requests of clients are taken in, or refused with every reason."""

import pytest

from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager.models import Request

pytestmark = pytest.mark.django_db

_OWNER = "<regards.request.owner> property is missing from request message headers"
_TYPE = "<regards.request.content_type> property is missing from request message headers"
_SKIPPED = "Content type <noise> is configured to be automatically skipped on tenant <demo>"
_SESSION = "<regards.request.session> property is missing from request message headers"
_EXISTS = "Request is denied cause the given requestId <r-1> already exists"


def test_it_stores_what_the_client_sent(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission(content=b'{ "a" : 1 }'))
    request = the_request()
    assert (request.source, request.session, request.content_type) == ("acme", "2025-06", "unzip")
    assert (request.body, request.creation_date, request.step_number) == (b'{ "a" : 1 }', AT, 0)


@pytest.mark.parametrize(
    ("missing", "texts"),
    [
        ({"owner": None}, (_OWNER,)),
        ({"content_type": None}, (_TYPE,)),
        ({"content_type": "noise"}, (_SKIPPED,)),
        ({"session": None}, (_SESSION,)),
        ({"owner": None, "session": None}, (_OWNER, _SESSION)),
        ({"owner": None, "content_type": None, "session": None}, (_OWNER, _TYPE, _SESSION)),
        ({"owner": None, "content_type": "noise", "session": None}, (_OWNER, _SKIPPED, _SESSION)),
    ],
)
def test_it_skips_with_every_reason_in_order(
    engine: Engine, missing: dict[str, str | None], texts: tuple[str, ...]
) -> None:
    a_tenant(skipped=["noise"])
    engine.submit(a_submission(**missing))  # type: ignore[arg-type] # one of the three
    (response,) = engine.responses()
    assert (response.state, response.messages) == ("SKIPPED", texts)
    assert not every(Request).exists()


def test_it_adds_the_duplicate_to_the_other_reasons(engine: Engine) -> None:
    a_tenant(skipped=["noise"])
    engine.submit(a_submission())
    engine.forget()
    engine.submit(a_submission(owner=None, content_type="noise", session=None))
    assert engine.responses()[0].messages == (_OWNER, _SKIPPED, _SESSION, _EXISTS)


def test_it_tells_a_refused_client_what_is_known(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission(session=None))
    (response,) = engine.responses()
    assert (response.tenant, response.request_id, response.owner) == ("demo", "r-1", "acme")
    assert (response.session, response.content_type, response.worker_type) == (None, "unzip", None)


def test_it_takes_empty_texts_as_values(engine: Engine) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, inputs=[""])
    live_workers("unzip-worker")
    engine.submit(a_submission(owner="", session="", content_type=""))
    assert engine.states() == [("r-1", "GRANTED")]


def test_it_takes_the_first_of_several_in_one_bulk(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission(content=b'{"n":1}'), a_submission(content=b'{"n":2}'))
    assert engine.states() == [("r-1", "DELAYED"), ("r-1", "SKIPPED")]
    assert the_request().body == b'{"n":1}'


def test_it_refuses_an_id_after_a_refused_one_of_the_same_bulk(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission(owner=None), a_submission())
    assert [response.messages for response in engine.responses()] == [(_OWNER,), (_EXISTS,)]


def test_it_refuses_a_stored_id_whatever_the_owner(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission())
    engine.forget()
    engine.submit(a_submission(owner="other", content=b"{}"))
    assert engine.responses()[0].messages == (_EXISTS,)


def test_it_takes_an_id_again_once_its_request_succeeded(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(a_submission())
    engine.answer(an_answer("SUCCESS"))
    engine.forget()
    engine.submit(a_submission())
    assert engine.states() == [("r-1", "GRANTED")]


def test_it_keeps_ids_of_tenants_apart(engine: Engine) -> None:
    a_tenant()
    a_tenant(name="other")
    engine.submit(a_submission(), a_submission(tenant="other", content=b'{"mine":1}'))
    assert the_request(tenant="other").body == b'{"mine":1}'
    assert [(response.tenant, response.state) for response in engine.responses()] == [
        ("demo", "DELAYED"),
        ("other", "DELAYED"),
    ]


def test_it_skips_content_types_of_their_tenant_only(engine: Engine) -> None:
    a_tenant(skipped=["unzip"])
    a_tenant(name="other")
    engine.submit(a_submission(), a_submission(tenant="other"))
    assert engine.states() == [("r-1", "DELAYED"), ("r-1", "SKIPPED")]


@pytest.mark.parametrize("tenant", ["nobody", "asleep"])
def test_it_keeps_requests_of_no_active_tenant_without_an_answer(engine: Engine, tenant: str) -> None:
    a_tenant()
    a_tenant(name="asleep", active=False)
    report = engine.submit(a_submission("r-0"), a_submission(tenant=tenant))
    assert [(dropped.position, dropped.reason) for dropped in report.unanswered] == [
        (1, f"There is no active tenant {tenant}")
    ]
    assert engine.states() == [("r-0", "DELAYED")]


def test_it_skips_what_is_too_big_and_keeps_a_copy(engine: Engine) -> None:
    a_tenant()
    report = engine.submit(a_submission(content=b"x" * 11), max_bytes=10)
    assert engine.responses()[0].messages == ("The body has 11 bytes, the limit is 10",)
    assert [dropped.position for dropped in report.unanswered] == [0]
    assert not every(Request).exists()


def test_it_takes_a_body_of_just_the_limit(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission(content=b"x" * 10), max_bytes=10)
    assert engine.states() == [("r-1", "DELAYED")]


def test_it_survives_an_empty_bulk(engine: Engine) -> None:
    assert engine.submit().stored == []
    assert engine.broker.published == []
