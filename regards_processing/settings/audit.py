"""The audit trail."""

from regards_processing.settings import env

#: How long entries are kept, in seconds; 0: for ever.
AUDIT_KEPT = env.integer("AUDIT_KEPT_SECONDS", 0, minimum=0)
