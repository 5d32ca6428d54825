"""The files of `deploy/` agree with each other and with the project."""

import re

import pytest

from tests.architecture import deployment_files
from tests.architecture.documents import DOCS, blocks
from workers.contract import names

_REFERENCE = DOCS / "reference"
_SETTING = re.compile(r"^\| *`([A-Z][A-Z0-9_]+)`", re.MULTILINE)
_MEASURE = re.compile(r"`(regards_\w+)`")
#: Read by others than this project: Python, Celery, compose, the images of the servers.
_OF_OTHERS = {
    "CELERY_WORKER_CONCURRENCY",
    "CELERY_WORKER_POOL",
    "PATH",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "POSTGRES_USER",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "RABBITMQ_DEFAULT_PASS",
    "RABBITMQ_DEFAULT_USER",
    "RABBITMQ_DEFAULT_VHOST",
    "RABBITMQ_PASSWORD",
    "REGARDS_VERSION",
}
_MIGRATION = "python manage.py migrate"
#: Only where tenants have virtual hosts of their own.
_BRIDGE = "python manage.py bridge"
_USER = 10001
_PORT = 8000


@pytest.mark.parametrize(
    "deployed",
    [
        deployment_files.processes_of_systemd(),
        deployment_files.processes_of_compose(),
        deployment_files.processes_of_kubernetes(),
    ],
    ids=["systemd", "compose", "kubernetes"],
)
def test_it_runs_the_processes_of_the_procfile_and_looks_after_the_tables(deployed: set[str]) -> None:
    assert deployed - {_BRIDGE} == deployment_files.processes_of_procfile() | {_MIGRATION}


def test_whoever_wants_a_bridge_has_it_at_hand() -> None:
    (service,) = (each for each in deployment_files.compose()["services"].values() if "profiles" in each)
    assert " ".join(service["command"]) == _BRIDGE
    assert _BRIDGE in deployment_files.processes_of_systemd()


def test_no_two_processes_of_a_machine_answer_on_one_port() -> None:
    ports = deployment_files.ports_of_systemd()
    assert {9101, 9200, 9301, 9401} <= set(ports)
    assert sorted(set(ports)) == sorted(ports)


def test_every_variable_is_a_setting() -> None:
    settings = set(_SETTING.findall((_REFERENCE / "settings.md").read_text("utf-8")))
    unknown = deployment_files.variables() - settings - _OF_OTHERS
    assert not unknown, f"docs/reference/settings.md knows nothing of {sorted(unknown)}"


def test_no_variable_of_others_is_named_in_vain() -> None:
    assert deployment_files.variables() >= _OF_OTHERS


def test_it_holds_no_secret() -> None:
    secrets = [found["stringData"] for found in deployment_files.manifests() if found["kind"] == "Secret"]
    assert {value for secret in secrets for value in secret.values()} == {""}
    lines = (deployment_files.DEPLOY / "container" / ".env.example").read_text("utf-8").splitlines()
    assert {"POSTGRES_PASSWORD=", "RABBITMQ_PASSWORD=", "SECRET_KEY=", "REGARDS_JWT_SECRET="} <= set(lines)


def test_every_pod_runs_as_the_user_of_the_images_without_any_right() -> None:
    image = deployment_files.CONTAINERFILE.read_text("utf-8")
    assert set(re.findall(r"^USER (.*)$", image, re.MULTILINE)) == {f"{_USER}:{_USER}"}
    pods = [
        found["spec"]["template"]["spec"]
        for found in deployment_files.manifests()
        if found["kind"] in {"Deployment", "Job"}
    ]
    assert {(pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]) for pod in pods} == {
        (_USER, _USER)
    }
    assert all(
        container["securityContext"]
        == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        for container in deployment_files.containers()
    )


def test_every_container_answers_probes_on_one_port() -> None:
    image = deployment_files.CONTAINERFILE.read_text("utf-8")
    assert f"EXPOSE {_PORT}\n" in image
    assert set(re.findall(r"\b(?:METRICS_|WORKER_METRICS_)?PORT=(\d+)", image)) == {str(_PORT)}
    configured = [found["data"] for found in deployment_files.manifests() if found["kind"] == "ConfigMap"]
    ports = {value for data in configured for name, value in data.items() if name.endswith("PORT")}
    assert ports == {str(_PORT)}
    opened = [container["ports"] for container in deployment_files.containers() if "ports" in container]
    assert opened == [[{"name": "http", "containerPort": _PORT}]] * 4


def test_every_manifest_is_in_the_kustomization_but_the_secrets() -> None:
    folder = deployment_files.DEPLOY / "kubernetes"
    files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml", "secrets.example.yaml"}
    assert set(deployment_files.kustomization()["resources"]) == files


def test_the_autoscaler_asks_for_measures_that_there_are_about_the_fleet_that_it_scales() -> None:
    kinds = {found["kind"]: found for found in deployment_files.manifests()}
    scaler = kinds["HorizontalPodAutoscaler"]["spec"]
    fleet = next(
        found
        for found in deployment_files.manifests()
        if found["metadata"]["name"] == scaler["scaleTargetRef"]["name"] and found["kind"] == "Deployment"
    )
    environment = fleet["spec"]["template"]["spec"]["containers"][0]["env"]
    worker_type = next(each["value"] for each in environment if each["name"] == "WORKER_TYPES")
    asked = {
        each["external"]["metric"]["name"]: each["external"]["metric"]["selector"]["matchLabels"]
        for each in scaler["metrics"]
    }
    assert asked == {
        "regards_queue_messages": {"queue": names.task_queue(worker_type)},
        "regards_requests_in_flight": {"type": worker_type},
    }
    assert asked.keys() <= _measures()


def test_the_guide_asks_for_measures_that_there_are() -> None:
    yaml = "".join(blocks(DOCS / "guides" / "deploy-on-kubernetes.md", "yaml"))
    asked = set(re.findall(r"\bregards_\w+", yaml))
    assert asked == {"regards_queue_messages", "regards_requests", "regards_requests_in_flight"}
    assert asked <= _measures()


def _measures() -> set[str]:
    """Return the measures of the reference: another test compares them with what the platform tells."""
    return set(_MEASURE.findall((_REFERENCE / "observability.md").read_text("utf-8")))
