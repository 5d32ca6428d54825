"""While tracing is off, the platform and the fleets need nothing of OpenTelemetry."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import tree

#: As if the extra were not installed.
_WITHOUT_THE_EXTRA = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
"""
_PLATFORM = """
from regards_processing.wsgi import application
from regards_processing.celery import app
from worker_manager import tracing
from worker_manager.consumers import consumers
from worker_manager.management.commands import consume
from worker_manager.services import submission, answers
app.loader.import_default_modules()
assert consumers(instance_id="here")
assert tracing.moved(requests=[], tenants={}, at=None) == frozenset()
"""
_FLEET = """
import workers.celery
from workers.contract.work_request import WorkRequest
from workers.sdk import WorkResult, worker_type
from workers.sdk.config import WorkerConfig
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing
@worker_type("traced", version="1")
def run(request, context):
    return WorkResult()
config = WorkerConfig.from_env()
runner = Runner(config=config, announce=print, tracing=Tracing(config=config))
request = WorkRequest(tenant="t", request_id="r", headers={}, dispatch_id="1:1:1")
assert runner.answer(worker_type="traced", request=request).status == "SUCCESS"
"""
_REPORT = "print('opentelemetry' in {name.partition('.')[0] for name in sys.modules})"


def _run(script: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: os.environ[name] for name in ("SECRET_KEY", "REGARDS_JWT_SECRET")}
    environment = kept | {"REGARDS_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "regards_processing.settings"}
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tree.ROOT)!r})\n{script}"],
        env=environment | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", [_PLATFORM, _FLEET], ids=["platform", "fleet"])
def test_it_works_without_the_extra(script: str, tmp_path: Path) -> None:
    done = _run(f"{_WITHOUT_THE_EXTRA}\n{script}", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", [_PLATFORM, _FLEET], ids=["platform", "fleet"])
def test_it_does_not_load_the_extra_that_is_installed(script: str, tmp_path: Path) -> None:
    assert _run(f"{script}\n{_REPORT}", tmp_path).stdout.splitlines()[-1:] == ["False"]


@pytest.mark.parametrize("script", [_PLATFORM, _FLEET], ids=["platform", "fleet"])
@pytest.mark.parametrize("choice", ["otlp", "console"])
def test_it_does_not_start_when_the_extra_is_asked_for_and_missing(
    script: str, choice: str, tmp_path: Path
) -> None:
    done = _run(f"{_WITHOUT_THE_EXTRA}\n{script}", tmp_path, TRACING=choice)
    assert done.returncode != 0
    assert f"TRACING='{choice}': opentelemetry.sdk is not installed" in done.stderr
    assert "pip install -r requirements-tracing.txt" in done.stderr


@pytest.mark.parametrize("script", [_PLATFORM, _FLEET], ids=["platform", "fleet"])
def test_it_refuses_a_choice_that_it_does_not_know(script: str, tmp_path: Path) -> None:
    done = _run(script, tmp_path, TRACING="on")
    assert done.returncode != 0
    assert "off, otlp, console" in done.stderr
