"""Wiring of all tiers: the session's environment, what runs on which stack, the platform's processes."""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from tests.stack.environment import Servers, prepare_session
from tests.stack.platform import Platform
from tests.stack.stack import Stack, open_stack, servers_can_restart
from tests.stack.vhosts import stocked
from workers.builtin.run_process import landlock

SERVERS = Servers.from_environment()
# Django reads its settings after this, and finds names of this session in them.
prepare_session(servers=SERVERS)
# Finds what hangs; a slow machine is no fault of what is tested. It comes by a signal, which raises in the
# test, so that processes are still cleaned up.
os.environ.setdefault("PYTEST_TIMEOUT", "300")

# A slow machine is no fault of what is tested; what fixtures hold, our tests reset themselves.
hypothesis_settings.register_profile(
    "anywhere",
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("anywhere")

_TESTS = Path(__file__).parent
_WAITING = ("acceptance", "integration/workers")
_JAVASCRIPT_PACKAGES = _TESTS / "acceptance" / "javascript" / "node_modules" / "amqplib"
#: That of Linux 6.12: what later ones add is not used.
_NEEDED_LANDLOCK = 6
#: Marker → whether tests that carry it can run on this stack.
_CAN_RUN = {
    "rabbitmq": SERVERS.broker_url is not None,
    "postgres": SERVERS.postgres,
    "node": shutil.which("node") is not None and _JAVASCRIPT_PACKAGES.exists(),
    "embedded": SERVERS.embedded,
    "restarts_servers": servers_can_restart(),
    "systemd": shutil.which("systemd-analyze") is not None,
    "landlock": landlock.version() >= _NEEDED_LANDLOCK,
}


def pytest_configure(config: pytest.Config) -> None:
    """Read Django's settings, now that their environment is prepared; pytest-django does the rest."""
    assert settings.DATABASES
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        # The processes that run the tests prepare a session each.
        SERVERS.offer_again()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this stack cannot run, and take the sockets away from unit tests."""
    left_out = [item for item in items if not _runs_here(item)]
    for item in items:
        if item.path.is_relative_to(_TESTS / "unit"):
            item.add_marker("disable_socket")
        # Measuring takes two thirds more time. What runs on both stacks is measured on the embedded one; what
        # reads the code runs none of it.
        if item.path.is_relative_to(_TESTS / "architecture") or (
            SERVERS.broker_url and not _needs_servers(item)
        ):
            item.add_marker("no_cover")
    # What waits for processes comes first: at the end nobody is left alone with it.
    items[:] = sorted((item for item in items if _runs_here(item)), key=_is_brief)
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def _runs_here(item: pytest.Item) -> bool:
    return all(possible or item.get_closest_marker(name) is None for name, possible in _CAN_RUN.items())


def _needs_servers(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("rabbitmq", "postgres"))


def _is_brief(item: pytest.Item) -> bool:
    return not any(item.path.is_relative_to(_TESTS / folder) for folder in _WAITING)


def pytest_report_header() -> str:
    """Say on which stack the tests run."""
    database = "PostgreSQL" if SERVERS.postgres else "SQLite"
    broker = "RabbitMQ" if SERVERS.broker_url else "embedded broker"
    javascript = f"{'a' if _CAN_RUN['node'] else 'NO'} worker in JavaScript"
    units = f"{'units' if _CAN_RUN['systemd'] else 'NO units'} of systemd"
    sandbox = f"{'a' if _CAN_RUN['landlock'] else 'NO'} sandbox of the kernel"
    return f"stack: {database}, {broker}, {javascript}, {units}, {sandbox}"


def pytest_unconfigure() -> None:
    """Remove the session's folder."""
    shutil.rmtree(os.environ["REGARDS_VAR"], ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of every process's log to the report of a failed test."""
    report = yield
    if report.failed:
        fixtures = getattr(item, "funcargs", {}).values()
        for platform in [value for value in fixtures if isinstance(value, Platform)]:
            report.sections.extend(platform.log_tails())
    return report


@pytest.fixture(scope="session")
def servers() -> Servers:
    """Give the servers that the caller offers."""
    return SERVERS


@pytest.fixture(scope="session", autouse=True)
def _vhost_of_the_session() -> Iterator[None]:
    """Make the virtual host that the settings of this session name, and a stock for whoever needs another."""
    with stocked(os.environ["BROKER_URL"]) if SERVERS.broker_url else nullcontext():
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,  # noqa: ARG001 (makes the database)
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Open the audit trail for deletions, which it refuses elsewhere: SQLite empties tables by deleting."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO regards_audit_retention (opened) VALUES (1)")


@pytest.fixture(scope="module")
def stack(
    servers: Servers, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Give a module a database, a virtual host and a folder of its own."""
    name = request.path.stem
    with open_stack(servers=servers, folder=tmp_path_factory.mktemp(name), name=name) as opened:
        yield opened


@pytest.fixture(scope="module")
def platform(stack: Stack) -> Iterator[Platform]:
    """Give a module a platform with its tables and no process yet; every process ends with the module."""
    with Platform(stack) as started:
        started.migrate()
        yield started
