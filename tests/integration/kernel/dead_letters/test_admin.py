"""Dead letters in the admin: looking, and orders that count first."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.dead_letters.queries import first_letters
from tests.integration.kernel.dead_letters.mailbox import ANSWERS, ANSWERS_DLQ, DLQ, Mailbox

pytestmark = pytest.mark.django_db

_LIST = "/admin/kernel/deadletters/"
_EACH_ORDER = pytest.mark.parametrize("order", ["replay", "drop"])


def _staff(client: Client, *permissions: str) -> None:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


def _identities() -> list[str]:
    return [letter.identity for letter in first_letters(queue=ANSWERS_DLQ, limit=50)]


def _give(client: Client, order: str, **filled: Any) -> str:
    """Confirm an order; return the page that follows."""
    given = {"queue": ANSWERS_DLQ, "which": "all", "confirmed": "yes"} | filled
    return client.post(f"{_LIST}{order}/", given, follow=True).content.decode()


def test_it_lists_the_fullest_queue(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.bury(b'{"status": "<b>"}', b"other")
    page = admin_client.get(_LIST).content.decode()
    assert f"{ANSWERS_DLQ}</a></td><td>2</td>" in page
    assert "<code>{&quot;status&quot;: &quot;&lt;b&gt;&quot;}</code>" in page
    assert page.count("it broke") == 2
    assert "The next 2 messages." in page


def test_it_breaks_whatever_may_be_long(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.bury(b"a", request_id="r" * 300)
    page = admin_client.get(f"{_LIST}?queue={ANSWERS_DLQ}").content.decode()
    cells = re.findall(r"<td( class=\"wide\")?>(?:demo|r{300}|-)</td>", page)
    assert cells == [' class="wide"'] * 3


def test_it_filters(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.bury(b"mine")
    mailbox.bury(b"other", request_id="r-2")
    query = {"queue": ANSWERS_DLQ, "request_id": "r-2", "tenant": "demo", "reason": "BROKE"}
    page = admin_client.get(_LIST, query).content.decode()
    assert ("<code>other</code>" in page, "<code>mine</code>" in page) == (True, False)
    nothing = admin_client.get(_LIST, query | {"tenant": "dem"}).content.decode()
    assert f"No dead letters that fit in {ANSWERS_DLQ}." in nothing


def test_it_names_a_queue_that_is_none(mailbox: Mailbox, admin_client: Client) -> None:
    page = admin_client.get(_LIST, {"queue": ANSWERS})
    assert (page.status_code, f"{ANSWERS} is not one of the available choices" in page.content.decode()) == (
        200,
        True,
    )
    assert mailbox.bodies(ANSWERS) == []


def test_it_shows_a_message_in_full(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.bury(b"\xff" * 3)
    (identity,) = _identities()
    page = admin_client.get(f"{_LIST}{ANSWERS_DLQ}/{identity}/").content.decode()
    assert "here\nand there" in page
    assert r"<pre>\xff\xff\xff</pre>" in page


@pytest.mark.parametrize(
    ("queue", "told"), [(ANSWERS_DLQ, "is not among the next 2000"), ("other", "keeps no dead letters")]
)
def test_it_says_that_a_message_is_gone(
    mailbox: Mailbox, admin_client: Client, queue: str, told: str
) -> None:
    assert mailbox.bodies(DLQ) == []
    assert told in admin_client.get(f"{_LIST}{queue}/{'0' * 32}/", follow=True).content.decode()


@_EACH_ORDER
def test_it_counts_before_anything_is_done(mailbox: Mailbox, admin_client: Client, order: str) -> None:
    mailbox.bury(b"a", b"b")
    mailbox.bury(b"c", request_id="r-2")
    filled = {"queue": ANSWERS_DLQ, "which": "all", "request_id": "r-1"}
    page = admin_client.post(f"{_LIST}{order}/", filled).content.decode()
    assert "<strong>2</strong> messages among the next 2000 of the queue\n  are meant" in page
    assert 'name="limit" value="2"' in page
    assert len(_identities()) == 3


def test_it_replays_what_was_ticked_however_often_that_is_confirmed(
    mailbox: Mailbox, admin_client: Client
) -> None:
    mailbox.bury(b"a", b"b", b"c")
    _, second, _ = _identities()
    told = [_give(admin_client, "replay", which="selected", identities=[second]) for _ in range(2)]
    assert ["Replayed: 1" in told[0], "Replayed: 0" in told[1]] == [True, True]
    assert (mailbox.bodies(ANSWERS), mailbox.bodies(ANSWERS_DLQ)) == ([b"b"], [b"a", b"c"])


def test_it_drops_as_many_of_equal_messages_as_were_ticked(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.bury(b"a", b"a", b"a", message_id="m-1", properties={"timestamp": 1_780_000_000})
    twice = _identities()[:2]
    assert "Dropped: 2" in _give(admin_client, "drop", which="selected", identities=twice)
    assert mailbox.bodies(ANSWERS_DLQ) == [b"a"]


def test_it_does_no_more_than_was_counted(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.bury(b"a", b"b", b"c")
    assert "Dropped: 2" in _give(admin_client, "drop", limit=2)
    assert mailbox.bodies(ANSWERS_DLQ) == [b"c"]


def test_it_says_what_stays(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.put(DLQ, b"{}")
    page = _give(admin_client, "replay", queue=DLQ)
    assert "The message of request (unknown) stays: It does not tell in which queue it died" in page
    assert "Replayed: 0; 1 stayed" in page


def test_it_writes_the_audit_trail(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.bury(b"a")
    _give(admin_client, "drop", tenant="demo", limit=1)
    entry = AuditEntry.objects.get(action="dead_letters.dropped")
    assert (entry.actor, entry.origin, entry.target) == ("admin", "ADMIN", ANSWERS_DLQ)
    told = {"tenant": "demo", "limit": 1, "within": 2000, "messages": 1, "stayed": 0}
    assert entry.details == told


@_EACH_ORDER
@pytest.mark.parametrize(
    ("filled", "told"),
    [
        ({"queue": "regards.nowhere"}, "Queue: Select a valid choice. regards.nowhere is not one of"),
        ({"which": "selected"}, "Tick the messages first"),
        ({"which": "selected", "identities": ["x"]}, "Identities: Select a valid choice. x is not one of"),
        ({"limit": "0"}, "Limit: Ensure this value is greater than or equal to 1"),
    ],
)
def test_it_does_nothing_when_the_form_is_wrong(
    mailbox: Mailbox, admin_client: Client, order: str, filled: dict[str, Any], told: str
) -> None:
    mailbox.bury(b"a")
    assert told in _give(admin_client, order, **filled)
    assert mailbox.bodies(ANSWERS_DLQ) == [b"a"]


@_EACH_ORDER
def test_it_asks_for_the_permission(mailbox: Mailbox, client: Client, order: str) -> None:
    mailbox.bury(b"a")
    _staff(client, "view_deadletters")
    assert client.post(f"{_LIST}{order}/", {"queue": ANSWERS_DLQ, "which": "all"}).status_code == 403
    assert f"/{order}/" not in client.get(_LIST).content.decode()


@pytest.mark.parametrize(
    ("permission", "replay", "drop"), [("change_deadletters", 302, 403), ("delete_deadletters", 403, 302)]
)
def test_it_tells_the_permissions_apart(client: Client, permission: str, replay: int, drop: int) -> None:
    _staff(client, permission)
    codes = [client.post(f"{_LIST}{order}/", {"queue": "x"}).status_code for order in ("replay", "drop")]
    assert codes == [replay, drop]


@pytest.mark.parametrize("page", ["", f"{ANSWERS_DLQ}/{'0' * 32}/"])
def test_it_shows_nothing_to_staff_without_permission(client: Client, page: str) -> None:
    _staff(client)
    assert client.get(f"{_LIST}{page}").status_code == 403


def test_it_asks_for_a_login(client: Client) -> None:
    assert client.get(_LIST).status_code == 302


def test_it_says_that_the_broker_is_away(settings: Settings, admin_client: Client, tmp_path: Any) -> None:
    settings.BROKER_FOLDER = tmp_path / "file" / "broker"
    (tmp_path / "file").write_text("in the way")
    settings.BROKER_URL = re.sub(r"(@[^:/]+):\d+", r"\1:1", settings.BROKER_URL)
    page = admin_client.get(_LIST)
    assert (page.status_code, "messagelist" in page.content.decode()) == (200, True)


def test_it_asks_the_database_for_nothing_but_the_user(mailbox: Mailbox, admin_client: Client) -> None:
    mailbox.bury(*(b"%d" % number for number in range(60)))
    with CaptureQueriesContext(connection) as captured:
        page = admin_client.get(_LIST).content.decode()
    assert "The next 50 messages; there may be more" in page
    assert len(captured) == 2
