"""Dead letters that nobody needs are removed, and nothing else."""

import pytest

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.dead_letters.choice import Choice
from regards_processing.kernel.dead_letters.services import Outcome, drop
from tests.factories.audit import ADA, NOON
from tests.integration.kernel.dead_letters.mailbox import ANSWERS, ANSWERS_DLQ, Mailbox

pytestmark = pytest.mark.django_db


def test_it_removes_all(mailbox: Mailbox) -> None:
    mailbox.bury(b"a", b"b")
    assert drop(choice=Choice(queue=ANSWERS_DLQ), actor=ADA, at=NOON) == Outcome(done=2)
    assert (mailbox.bodies(ANSWERS), mailbox.bodies(ANSWERS_DLQ)) == ([], [])


def test_it_removes_those_of_one_request_up_to_a_limit(mailbox: Mailbox) -> None:
    mailbox.bury(b"a")
    mailbox.bury(b"b", b"c", request_id="r-2")
    choice = Choice(queue=ANSWERS_DLQ, limit=1, request_id="r-2")
    assert drop(choice=choice, actor=ADA, at=NOON).done == 1
    assert mailbox.bodies(ANSWERS_DLQ) == [b"a", b"c"]


def test_it_writes_the_audit_trail(mailbox: Mailbox) -> None:
    mailbox.bury(b"a")
    drop(choice=Choice(queue=ANSWERS_DLQ, request_id="r-1"), actor=ADA, at=NOON)
    trail = AuditEntry.objects.order_by("pk").values_list("action", "target", "details")
    assert list(trail) == [
        ("dead_letters.drop_begun", ANSWERS_DLQ, {"requestId": "r-1"}),
        ("dead_letters.dropped", ANSWERS_DLQ, {"requestId": "r-1", "messages": 1, "stayed": 0}),
    ]
