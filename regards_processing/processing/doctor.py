"""What the doctor asks about processes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.findings import Finding, ok, skipped, warning
from regards_processing.processing.models import PluginConfiguration
from regards_processing.processing.plugin_values import PluginValues
from regards_processing.processing.queries import values_of_row
from regards_processing.processing.sensitive import unreadable
from workers.processes.registry import plugins
from workers.processes.shell import ENVIRONMENT, HIDDEN_ENVIRONMENT, secret_looking

_NOT_ENCRYPTED: Final = """\
SECRET_KEY_FALLBACKS=…   if SECRET_KEY was changed: the earlier one
Else give the parameter its value once more, or import the configuration: what is stored is encrypted."""
_IN_CLEAR: Final = f"Move them from {ENVIRONMENT} to {HIDDEN_ENVIRONMENT}, which is kept encrypted."


def secrets(_at: datetime) -> Iterator[Finding]:
    """See whether the secrets of processes are kept as such."""
    everywhere = PluginConfiguration.objects.across_tenants(because="one check of the whole platform")
    rows = list(everywhere.select_related("tenant").order_by("pk"))
    if not rows:
        yield skipped("No process is configured")
        return
    found = [finding for row in rows for finding in _findings(values_of_row(row), tenant=row.tenant.name)]
    yield from found
    if not found:
        yield ok(f"{len(rows)} plugin configurations hold no secret in clear")


def _findings(values: PluginValues, *, tenant: str) -> Iterator[Finding]:
    whose = f"{values.label} ({values.business_id}, tenant {tenant})"
    facts = {"tenant": tenant, "configuration": values.business_id}
    clear = unreadable(values=values, plugins=plugins())
    if clear:
        yield warning(
            f"{whose}: {', '.join(clear)} in clear, or encrypted with another SECRET_KEY",
            advice=_NOT_ENCRYPTED,
            parameters=clear,
            **facts,
        )
    given = [each.value for each in values.parameters if each.name == ENVIRONMENT]
    named = [name for text in given if isinstance(text, str) for name in secret_looking(text)]
    if named:
        yield warning(
            f"{whose}: {ENVIRONMENT} shows {', '.join(named)} to everybody who may read the process",
            advice=_IN_CLEAR,
            variables=named,
            **facts,
        )


CHECKS: Final = (
    Check(
        name="process-secrets",
        question="Are the secrets of processes kept encrypted?",
        look=secrets,
        needs=("database", "migrations"),
    ),
)
