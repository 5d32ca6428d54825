"""`manage.py submit` keeps all that it sends in memory: that has a limit."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db


def test_it_refuses_to_make_too_many_requests_of_many_bodies(tmp_path: Path) -> None:
    a_tenant(name="default")
    (tmp_path / "bodies.jsonl").write_text("{}\n" * 11)
    with pytest.raises(CommandError, match="--count 100000 times 11 bodies are more than 1000000 requests"):
        call_command("submit", str(tmp_path / "bodies.jsonl"), content_type="scenes", count=100_000)
