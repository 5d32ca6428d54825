"""Operators see in the admin what waits in the outbox."""

import pytest
from django.test import Client

from regards_processing.kernel.amqp.envelope import Outbound, pack
from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.worker_manager import AT

pytestmark = pytest.mark.django_db


def test_it_tells_for_whom_messages_are(admin_client: Client) -> None:
    held = Outbound(exchange="e", headers={}, body=b"secret", worker_type="bad")
    entry = OutboxEntry.objects.create(created_at=AT, message_count=2, messages=pack([held, held]))
    page = admin_client.get(f"/admin/kernel/outboxentry/{entry.pk}/", follow=True).content.decode()
    assert "worker type bad (2)" in page
    assert "secret" not in page
