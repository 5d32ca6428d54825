"""The kernel's models, gathered where Django looks for them."""

from regards_processing.kernel.dead_letters.models import DeadLetters
from regards_processing.kernel.inbox.models import HandledMessage
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.tenancy.models import Tenant, TenantSetting

__all__ = ["DeadLetters", "HandledMessage", "OutboxEntry", "Tenant", "TenantSetting"]
