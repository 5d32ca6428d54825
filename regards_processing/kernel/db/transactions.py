"""Transactions, by intent."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction as django_transaction

#: Open a transaction, or a savepoint within one; a decorator and a context manager.
transaction = django_transaction.atomic


class TransactionRequired(Exception):
    """This function must be called inside a transaction: open one in the service that calls it."""


def transaction_required() -> None:
    """Raise when no transaction is open."""
    if not django_transaction.get_connection().in_atomic_block:
        raise TransactionRequired(TransactionRequired.__doc__)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Open a transaction that is rolled back at its end: to see what would happen, and change nothing."""
    with transaction():
        yield
        django_transaction.set_rollback(True)


after_commit = django_transaction.on_commit
