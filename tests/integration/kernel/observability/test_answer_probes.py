"""What the web process answers to probes, and what it measures of calls."""

import logging
from typing import Any

import pytest
from django.test import Client
from prometheus_client import REGISTRY
from pytest_django import Settings

from regards_processing.kernel.observability.log_context import bound_facts
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.rest import client_as
from tests.factories.worker_manager import AT, a_tenant

pytestmark = pytest.mark.django_db

_SERVICES = ("rs-processing", "rs-worker-manager")


@pytest.fixture
def client() -> Client:
    """Give a client that calls the server by a name that it does not know, as orchestrators do."""
    return Client(headers={"host": "10.1.2.3:8000"})


@pytest.fixture
def _no_sweep_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process have waited for sweeps for long."""
    monkeypatch.setattr("regards_processing.kernel.observability.checks._FIRST_LOOK", AT)


def test_it_is_alive(client: Client) -> None:
    answer = client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


def test_it_names_every_check(client: Client) -> None:
    checks = client.get("/readyz").json()["checks"]
    assert [check["name"] for check in checks] == [
        "database",
        "broker",
        "outbox",
        "sweeps",
        "dispatch",
        "heartbeats",
    ]
    assert {"status", "durationMs", "reason"} < set(checks[0])


@pytest.mark.usefixtures("_no_sweep_for_long")
def test_it_is_not_ready_while_sweeps_do_not_run(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)


def test_it_answers_without_a_body_when_only_asked_for_the_head(client: Client) -> None:
    answer = client.head("/livez")
    assert (answer.status_code, answer.content) == (200, b"")


def test_it_leaves_other_verbs_to_the_application(client: Client) -> None:
    assert client.post("/livez").status_code != 200


def test_it_gives_measures_on_the_embedded_platform(client: Client, settings: Settings) -> None:
    settings.EMBEDDED = True
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"regards_outbox_entries 0.0" in answer.content


def test_it_gives_no_measures_to_everybody_in_production(client: Client, settings: Settings) -> None:
    settings.EMBEDDED = False
    answer = client.get("/actuator/prometheus")
    assert answer.status_code == 403
    assert b"METRICS_TOKEN" in answer.content


def test_it_gives_measures_to_whoever_shows_the_token(client: Client, settings: Settings) -> None:
    settings.EMBEDDED, settings.METRICS_TOKEN = False, "secret"
    refused = client.get("/metrics")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert client.get("/metrics", headers={"authorization": "Bearer secret"}).status_code == 200


@pytest.mark.parametrize("service", _SERVICES)
def test_it_tells_the_name_and_version_of_a_service_to_everybody(service: str) -> None:
    answer = Client().get(f"/api/v1/{service}/actuator/info")
    assert (answer.status_code, answer.json()["app"]["name"]) == (200, service)


@pytest.mark.parametrize(
    "path", ["/actuator/health", *(f"/api/v1/{name}/actuator/health" for name in _SERVICES)]
)
@pytest.mark.usefixtures("_no_sweep_for_long")
def test_it_tells_its_health_to_everybody(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer.json()["status"]) == (503, "DOWN")
    assert answer.json()["components"]["database"]["status"] == "UP"
    assert answer.json()["components"]["sweeps"]["status"] == "DOWN"


def test_it_says_nothing_of_hosts_and_passwords(client: Client, settings: Settings) -> None:
    settings.BROKER_URL = "amqp://operator:s3cret@127.0.0.1:1/secret-vhost"
    text = client.get("/actuator/health").content.decode()
    assert "It failed with BrokerUnavailable" in text
    assert not [word for word in ("operator", "s3cret", "127.0.0.1", "secret-vhost") if word in text]


def _calls(**labels: str) -> float:
    return REGISTRY.get_sample_value("http_server_requests_seconds_count", labels) or 0.0


def test_it_measures_calls_by_template_verb_and_status() -> None:
    uri = "/api/v1/rs-processing/settings/{name}"
    before = _calls(method="GET", uri=uri, status="401"), _calls(method="OTHER", uri=uri, status="401")
    for name in ("one", "two", "three"):
        Client().delete(f"/api/v1/rs-processing/settings/{name}")
    assert _calls(method="DELETE", uri=uri, status="401") >= 3
    assert before == (_calls(method="GET", uri=uri, status="401"), 0.0)


def test_it_measures_unknown_paths_and_verbs_as_one() -> None:
    before = _calls(method="OTHER", uri="UNKNOWN", status="404")
    for number in range(3):
        Client().generic(f"VERB{number}", f"/nowhere/{number}")
    assert _calls(method="OTHER", uri="UNKNOWN", status="404") == before + 3


def test_it_does_not_measure_probes(client: Client) -> None:
    client.get("/livez")
    assert _calls(method="GET", uri="/livez", status="200") == 0


class _Listener(logging.Handler):
    """Notes what is bound when a line is written."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: list[dict[str, Any]] = []

    def emit(self, _record: logging.LogRecord) -> None:
        self.facts.append(bound_facts())


def test_it_names_tenant_user_and_correlation_in_the_lines_of_a_call() -> None:
    a_tenant(name="default")
    listener = _Listener()
    logger = logging.getLogger("regards_processing.kernel.rest.middleware")
    logger.addHandler(listener)
    client_as("ADMIN", login="ada").get(
        "/api/v1/rs-worker-manager/settings", headers={"correlation-id": "c-7"}
    )
    logger.removeHandler(listener)
    assert listener.facts == [{"tenant": "default", "username": "ada", "correlationId": "c-7"}]
    assert bound_facts() == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/actuator/health", "/api/v1/rs-processing/actuator/health"])
def test_it_is_out_of_service_while_a_tenant_is_in_maintenance(path: str) -> None:
    Tenant.objects.create(name="closed", created_at=AT, maintenance=True)
    answer = Client().get(path)
    assert answer.status_code == 503
    assert answer.json()["components"]["maintenance"] == {
        "status": "OUT_OF_SERVICE",
        "details": {"reason": "Tenants in maintenance: 1"},
    }
