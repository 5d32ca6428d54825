"""The doctor finds secrets of processes that are not kept as such."""

from pathlib import Path

import pytest
from pytest_django import Settings

from regards_processing.kernel.doctor.findings import Outcome
from regards_processing.processing.doctor import secrets
from regards_processing.processing.models import PluginConfiguration
from tests.factories.audit import NOON
from tests.factories.processing import a_parameter, a_process
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant
from tests.fakes.plugin_package import installed

pytestmark = pytest.mark.django_db


def _of_vault(**parameter: object) -> None:
    """Store a configuration of a plugin with a password, as an earlier release might have done."""
    stored = a_parameter("password", None) | parameter
    every(PluginConfiguration).update(plugin_id="Vault", parameters=[stored])


def test_it_has_nothing_to_look_at_without_processes() -> None:
    assert [finding.outcome for finding in secrets(NOON)] == [Outcome.SKIPPED]


def test_it_is_content_where_there_is_no_secret() -> None:
    a_process(a_tenant())
    row = every(PluginConfiguration).get()
    row.parameters.append(a_parameter("envVariables", "GREETING=hello"))
    row.save()
    (finding,) = secrets(NOON)
    assert finding.outcome == Outcome.OK


def test_it_is_content_with_what_is_encrypted_by_a_key_that_it_knows(
    tmp_path: Path, settings: Settings
) -> None:
    with installed(tmp_path, vault="Vault"):
        a_process(a_tenant(), plugin_id="Vault", parameters={"password": "open sesame"})
        earlier, settings.SECRET_KEY = settings.SECRET_KEY, "another"
        (unknown,) = secrets(NOON)
        settings.SECRET_KEY_FALLBACKS = [earlier]
        (known,) = secrets(NOON)
    assert (unknown.outcome, known.outcome) == (Outcome.WARNING, Outcome.OK)


@pytest.mark.parametrize(
    "parameter", [{"value": "open sesame"}, {"dynamicsValues": ["open sesame"]}], ids=["value", "of orders"]
)
def test_it_warns_of_secrets_that_are_not_encrypted(parameter: dict[str, object], tmp_path: Path) -> None:
    process = a_process(a_tenant())
    _of_vault(**parameter)
    with installed(tmp_path, vault="Vault"):
        (finding,) = secrets(NOON)
    assert finding.outcome == Outcome.WARNING
    assert finding.found == (
        f"Crop ({process.process_id}, tenant demo): password in clear, or encrypted with another SECRET_KEY"
    )
    assert finding.facts["parameters"] == ["password"]


def test_it_warns_of_variables_that_are_called_as_secrets_are() -> None:
    a_process(a_tenant())
    row = every(PluginConfiguration).get()
    row.parameters.append(a_parameter("envVariables", "DB_PASSWORD=open sesame&GREETING=hello"))
    row.save()
    (finding,) = secrets(NOON)
    assert finding.facts["variables"] == ["DB_PASSWORD"]
    assert "sesame" not in f"{finding.found}{finding.advice}{finding.facts}"
    assert finding.advice.startswith("Move them from envVariables to secretEnvVariables")
