"""The tenant setting of content types whose requests are refused."""

from collections.abc import Sequence

from regards_processing.kernel.dynamic_settings.definitions import InvalidSetting
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import InputContentType


def check_skipped_content_types(*, tenant: Tenant, value: Sequence[str]) -> None:
    """Refuse to skip what a worker type takes: such a file could be exported, and not be imported again.

    Raises:
        InvalidSetting: a worker type of the tenant takes one of the content types.
    """
    inputs = InputContentType.objects.for_tenant(tenant).filter(content_type__in=value)
    taken = inputs.order_by("content_type").values_list("content_type", "worker_type__worker_type")
    clashes = [f"{content_type} (worker type {worker_type})" for content_type, worker_type in taken]
    if clashes:
        raise InvalidSetting(
            f"These content types go to a worker type and cannot be skipped: {', '.join(clashes)}"
        )
