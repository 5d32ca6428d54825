"""A lock that one process holds at a time."""

import pytest

from regards_processing.kernel.db.locks import only_one
from regards_processing.kernel.db.transactions import transaction, transaction_required
from tests.fakes.other_process import while_uncommitted


def _held(name: str) -> bool:
    with only_one(name) as held:
        return held


@pytest.mark.django_db
def test_it_gives_the_lock_to_the_first_who_asks() -> None:
    assert _held("sweep")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("asked", "given"), [("sweep", False), ("another", True)])
def test_it_refuses_the_lock_that_another_process_holds(asked: str, *, given: bool) -> None:
    with while_uncommitted(lambda: _held(asked)) as other:
        assert _held("sweep")
    assert other.result() is given


@pytest.mark.django_db(transaction=True)
def test_it_gives_the_lock_again_after_the_transaction() -> None:
    assert _held("sweep")
    with while_uncommitted(lambda: _held("sweep")) as other:
        pass
    assert other.result()


@pytest.mark.django_db
def test_it_is_content_inside_a_transaction() -> None:
    with transaction():
        transaction_required()
