"""Tenants, and how hard their rows are kept apart."""

from regards_processing.settings import env

#: Tenants that exist from the first start of a manager.
TENANTS = env.names("REGARDS_TENANTS", ("default",))
#: Whether connections tell PostgreSQL whose rows they may see (`manage.py row_security`).
ROW_LEVEL_SECURITY = env.boolean("ROW_LEVEL_SECURITY", default=False)
