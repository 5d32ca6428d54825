"""One change of a tenant's configuration at a time."""

from regards_processing.kernel.db.transactions import transaction_required
from regards_processing.kernel.tenancy.models import Tenant


def hold(tenant: Tenant) -> None:
    """Let no other transaction change or export the tenant's configuration before this one ends.

    Two changes at once would each find a content type free, for instance. Requests do not wait for this lock.

    Raises:
        TransactionRequired: no transaction is open.
    """
    transaction_required()
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
