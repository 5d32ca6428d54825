"""A process that cannot read its settings says why, and not where."""

import string

import pytest

from regards_processing.settings import places
from regards_processing.settings.database import databases
from tests.unit.kernel.settings.last_words import last_words


@pytest.mark.parametrize("command", ["doctor", "consume", "migrate"])
def test_it_tells_what_is_wrong_in_one_line(command: str) -> None:
    assert last_words(["manage.py", command], {"SWEEP_PAGE": "many"}).startswith(
        "manage.py: SWEEP_PAGE='many' is refused: a whole number from 1 to"
    )


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "DATABASE_URL",
            "abc",
            "DATABASE_URL='abc' is refused: postgres, postgresql or pgsql, followed by ://",
        ),
        ("DATABASE_URL", "mysql://u:word@h/x", "DATABASE_URL='mysql://…' is refused: postgres, postgresql"),
        (
            "DATABASE_URL",
            "postgres://u:word@h:abc/x",
            "DATABASE_URL='postgres://…' is refused: postgres, postgresql",
        ),
        ("DATABASE_URL", "postgres://h", "DATABASE_URL='postgres://…' is refused: postgres, postgresql"),
        ("DATABASE_URL", "sqlite://file", "DATABASE_URL='sqlite://…' is refused: postgres, postgresql"),
        ("BROKER_URL", "abc", "BROKER_URL='abc' is refused: amqp or amqps"),
        ("BROKER_URL", "amqp://", "BROKER_URL='amqp://' is refused: amqp or amqps"),
        ("BROKER_URL", "http://u:word@x", "BROKER_URL='http://…' is refused: amqp or amqps"),
        ("INSTANCE_BROKER_URL", "redis://x", "INSTANCE_BROKER_URL='redis://…' is refused: amqp or amqps"),
        ("CSRF_TRUSTED_ORIGINS", "abc", "CSRF_TRUSTED_ORIGINS='abc' is refused: scheme://host"),
        ("CORS_ORIGINS", "abc", "CORS_ORIGINS='abc' is refused: scheme://host"),
        ("REGARDS_TENANTS", "a,b/c", "REGARDS_TENANTS is refused: Tenant name 'b/c' must have"),
    ],
)
def test_it_tells_which_setting_is_refused_and_what_is_allowed(variable: str, value: str, said: str) -> None:
    secrets = {"SECRET_KEY": "x", "REGARDS_JWT_SECRET": string.ascii_letters * 2}
    line = last_words(["manage.py", "consume"], secrets | {variable: value})
    assert line.startswith(f"manage.py: {said}")
    assert "u:word" not in line


@pytest.mark.parametrize(
    ("url", "engine"),
    [
        ("postgres://u:w%2Frd@h:5433/x", "postgresql"),
        ("postgresql:///by_socket", "postgresql"),
        ("pgsql://%2Frun%2Fpostgresql/x", "postgresql"),
        ("postgres://?service=regards", "postgresql"),
        ("sqlite:////tmp/none.sqlite3", "sqlite3"),
        ("sqlite://:memory:", "sqlite3"),
    ],
)
def test_it_takes_every_way_to_name_a_database(
    url: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "DATABASE_URL", url)
    assert databases()["default"]["ENGINE"].rpartition(".")[2] == engine


@pytest.mark.parametrize(
    "arguments", [["regards_processing", "worker"], ["regards_processing", "beat"], ["workers", "worker"]]
)
def test_processes_of_celery_do_so_too(arguments: list[str]) -> None:
    said = last_words(["-m", "celery", "-q", "-A", *arguments], {"BROKER_URL": "http://u:word@x"})
    assert said.startswith(f"celery -A {arguments[0]}: BROKER_URL='http://…'")
