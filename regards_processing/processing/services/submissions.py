"""What the engine is asked for to have an execution carried out."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp import topology
from regards_processing.processing.execution_order import CONTENT_TYPE, order_of, ordered_plugin
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.plugin_checks import values_of, violations_of, with_overrides
from regards_processing.processing.sensitive import opened, opened_texts
from regards_processing.processing.services.catalogue import OfferedProcess
from regards_processing.processing.services.fleet_secrets import NoKeyForSecrets, divided
from regards_processing.processing.services.fleet_tokens import sealed_token
from worker_manager.events.request_submitted import RequestSubmitted
from workers.processes.registry import plugins

#: Seconds that an execution may work at most, whatever is expected: deadlines are dates, which have an end.
_LONGEST: Final = 365 * 86_400.0


class CannotBeCarriedOut(Exception):
    """No fleet is asked to carry out an execution."""


def submission_of(
    *, execution: Execution, batch: Batch, offer: OfferedProcess | None, at: datetime
) -> RequestSubmitted:
    """Return the request to the engine for an execution.

    Raises:
        CannotBeCarriedOut: its process is gone or inactive, a parameter of the batch does not fit any more,
            its plugin is against it, its secrets cannot be sealed, or the order is too big.
    """
    if offer is None:
        raise CannotBeCarriedOut(f"Process {batch.process_id} was deleted, or cannot be ordered now")
    known = plugins()
    values = opened(values=offer.process.plugin, plugins=known)
    plugin = known[values.plugin_id]
    given = opened_texts(given=batch.parameters, plugin=plugin)
    values, faults = with_overrides(stored=values, plugin=plugin, given=given)
    if faults:
        raise CannotBeCarriedOut("; ".join(fault.text for fault in faults))
    parameters = values_of(stored=values, plugin=plugin)
    violations = violations_of(
        lambda: plugin.execution_violations(parameters, execution.input_files), plugin_id=values.plugin_id
    )
    if violations:
        raise CannotBeCarriedOut("; ".join(violations))
    try:
        clear, sealed_parameters = divided(execution=execution, parameters=parameters, plugin=plugin)
    except NoKeyForSecrets as error:
        raise CannotBeCarriedOut(str(error)) from error
    content = order_of(
        execution_id=execution.pk,
        batch_id=batch.pk,
        batch_correlation_id=batch.correlation_id,
        plugin=ordered_plugin(
            plugin_id=values.plugin_id,
            version=plugin.metadata.version,
            parameters=clear,
            sealed_parameters=sealed_parameters,
        ),
        profile=offer.profile,
        input_files=execution.input_files,
        time_limit=time_limit(execution.expected_duration),
        time_grace=float(settings.EXECUTION_TIMEOUT_GRACE),
        user=batch.user_email,
        sealed_token=sealed_token(execution=execution, batch=batch, parameters=parameters, at=at),
    )
    if len(content) > settings.MESSAGE_MAX_BYTES:
        reason = f"The order has {len(content)} bytes, the limit is {settings.MESSAGE_MAX_BYTES}"
        raise CannotBeCarriedOut(reason)
    return RequestSubmitted(
        tenant=batch.tenant.name,
        request_id=str(execution.pk),
        owner=topology.PROCESSING_OWNER,
        session=batch.correlation_id[:255],
        content_type=CONTENT_TYPE,
        content=content,
    )


def time_limit(expected_duration: int) -> float:
    """Return how many seconds an execution may work that is expected to take so many milliseconds."""
    allowed = min(expected_duration / 1000 * settings.EXECUTION_TIMEOUT_FACTOR, _LONGEST)
    return max(float(settings.EXECUTION_TIMEOUT_FLOOR), allowed)


def start_deadline(at: datetime) -> datetime:
    """Return until when a fleet, or a place, has to be found for an execution."""
    return at + timedelta(seconds=settings.EXECUTION_START_TIMEOUT)
