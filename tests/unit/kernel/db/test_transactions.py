"""Functions that need a transaction say so."""

import pytest

from regards_processing.kernel.db.transactions import TransactionRequired, transaction_required


def test_it_tells_the_caller_what_to_do() -> None:
    with pytest.raises(TransactionRequired, match="open one in the service that calls it"):
        transaction_required()
