"""What the files of `deploy/` say: which commands they run, which variables they set."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.architecture.tree import ROOT

DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"
CONTAINERFILE = DEPLOY / "container" / "Containerfile"
_COMPOSE = DEPLOY / "container" / "compose.yaml"
_MANIFESTS = DEPLOY / "kubernetes"
#: Words of a command that say which process it is; the rest is how it runs.
_WORDS = {"gunicorn": 3, "python": 3, "celery": 5}
_ASSIGNMENT = re.compile(r"^([A-Z][A-Z0-9_]*)=", re.MULTILINE)
_UNIT_ASSIGNMENT = re.compile(r"^Environment=([A-Z][A-Z0-9_]*)=", re.MULTILINE)
_PORT = re.compile(r"^(?:Environment=)?(?:METRICS_|WORKER_METRICS_)?PORT=(\d+)(%i)?$", re.MULTILINE)
#: What instances of a unit are called.
_NUMBERS = [f"{number:02}" for number in range(1, 100)]
_IMAGE_ASSIGNMENT = re.compile(r"^(?:ENV|   ) +([A-Z][A-Z0-9_]*)=", re.MULTILINE)
_SUBSTITUTION = re.compile(r"\$\{([A-Z][A-Z0-9_]*)")
_STAGE = re.compile(r"^FROM \S+ AS ", re.MULTILINE)
_COMMAND = re.compile(r"^CMD (\[.*\])$", re.MULTILINE)
_EXECUTION = re.compile(r"^Exec\w+=(.*)$", re.MULTILINE)


def compose() -> Any:
    """Return the compose file, its anchors resolved."""
    return yaml.safe_load(_COMPOSE.read_text("utf-8"))


def manifests() -> list[Any]:
    """Return every object of Kubernetes, that of the kustomization left out."""
    files = (path for path in sorted(_MANIFESTS.glob("*.yaml")) if path.name != "kustomization.yaml")
    return [found for path in files for found in yaml.safe_load_all(path.read_text("utf-8"))]


def kustomization() -> Any:
    """Return the kustomization."""
    return yaml.safe_load((_MANIFESTS / "kustomization.yaml").read_text("utf-8"))


def containers() -> Iterator[Any]:
    """Yield the containers of all pods, those that run first included."""
    for found in manifests():
        pod = found.get("spec", {}).get("template", {}).get("spec", {})
        yield from (*pod.get("initContainers", ()), *pod.get("containers", ()))


def processes_of_procfile() -> set[str]:
    """Return the processes that the Procfile runs."""
    lines = (ROOT / "Procfile").read_text("utf-8").splitlines()
    commands = (re.sub(r"\b[A-Z_]+=\S+ ", "", line.partition(": ")[2]) for line in lines)
    return {_process(shlex.split(command)) for command in commands}


def processes_of_systemd() -> set[str]:
    """Return what the units run."""
    found = (_EXECUTION.findall(path.read_text("utf-8")) for path in UNITS.glob("*.service"))
    return {_process(shlex.split(command)) for commands in found for command in commands}


def processes_of_compose() -> set[str]:
    """Return what the services of our images run; without a command of theirs, that of the image."""
    services = [service for service in compose()["services"].values() if "build" in service]
    images = _commands_of_images()
    return {_process(service.get("command", images[service["build"]["target"]])) for service in services}


def processes_of_kubernetes() -> set[str]:
    """Return what the pods run."""
    return {_process(container["command"]) for container in containers()}


def variables() -> set[str]:
    """Return every environment variable that one of the files sets for a process, or asks for."""
    examples = (*UNITS.glob("*.example"), DEPLOY / "container" / ".env.example")
    found = {name for path in examples for name in _ASSIGNMENT.findall(path.read_text("utf-8"))}
    for path in (*UNITS.glob("*.service"), *UNITS.glob("*.d/*.conf")):
        found.update(_UNIT_ASSIGNMENT.findall(path.read_text("utf-8")))
    found.update(_IMAGE_ASSIGNMENT.findall(CONTAINERFILE.read_text("utf-8")))
    found.update(_SUBSTITUTION.findall(_COMPOSE.read_text("utf-8")))
    for service in compose()["services"].values():
        found.update(service.get("environment", ()))
    for manifest in manifests():
        found.update(manifest.get("data", ()))
        found.update(name for name in manifest.get("stringData", ()) if name.isupper())
    found.update(variable["name"] for container in containers() for variable in container.get("env", ()))
    return found


def ports_of_systemd() -> list[int]:
    """Return each port that units and samples give to a process; of a numbered unit, those of all numbers."""
    paths = (*UNITS.glob("*.service"), *UNITS.glob("*.example"))
    told = [found for path in paths for found in _PORT.findall(path.read_text("utf-8"))]
    return [int(f"{port}{number}") for port, numbered in told for number in (_NUMBERS if numbered else ("",))]


def _commands_of_images() -> dict[str, list[str]]:
    """Return the command of each image."""
    stages = re.split(r"^FROM \S+ AS ", CONTAINERFILE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    found = {
        stage.split(maxsplit=1)[0]: re.search(r"^CMD (\[.*\])$", stage, re.MULTILINE) for stage in stages
    }
    return {name: yaml.safe_load(command[1]) for name, command in found.items() if command}


def _process(words: list[str]) -> str:
    """Return the words that say which process a command starts."""
    program = Path(words[0]).name
    return " ".join([program, *words[1 : _WORDS[program]]])
