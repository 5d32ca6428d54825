"""The dashboard."""

from regards_processing.settings import env

#: Seconds between two looks of a page that is open.
DASHBOARD_REFRESH = env.integer("DASHBOARD_REFRESH_SECONDS", 3, minimum=1, maximum=3600)
