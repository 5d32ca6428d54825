"""What a database refuses for its size is told from a database that is away."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from regards_processing.kernel.db.limits import is_too_big

pytestmark = pytest.mark.django_db


def _executed(statement: str, parameters: list[int] | None = None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _refused(statement: str, parameters: list[int] | None = None) -> Exception:
    with pytest.raises(OperationalError) as refusal:
        _executed(statement, parameters)
    return refusal.value


def _too_long_for_an_index() -> Exception:
    _executed("CREATE TEMPORARY TABLE long_texts (text text) ON COMMIT DROP")
    _executed("CREATE INDEX ON long_texts (text)")
    return _refused(
        "INSERT INTO long_texts SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) n"
    )


def _too_many_variables() -> Exception:
    count = 300_000
    return _refused(f"SELECT 1 WHERE 1 IN ({', '.join(['%s'] * count)})", parameters=[0] * count)


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(_too_long_for_an_index, marks=pytest.mark.postgres),
        pytest.param(_too_many_variables, marks=pytest.mark.embedded),
    ],
)
def test_it_knows_a_statement_that_is_too_big(refused: Callable[[], Exception]) -> None:
    assert is_too_big(refused())


@pytest.mark.postgres
def test_it_knows_a_server_that_is_busy() -> None:
    assert not is_too_big(_refused("SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(5)"))


@pytest.mark.embedded
def test_it_knows_a_table_that_is_not_there_yet() -> None:
    assert not is_too_big(_refused("SELECT * FROM of_the_next_release"))
