"""What gunicorn reads by itself: logs as all processes write them, measures of its workers added up."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regards_processing.settings")

from django.conf import settings

from regards_processing.kernel.observability import slots, tracing

logconfig_dict = settings.LOGGING


def on_starting(_server: Any) -> None:
    """Make the folder that the workers to come write their measures to."""
    slots.share(folder=settings.METRICS_FOLDER, server="web")


def worker_exit(_server: Any, _worker: Any) -> None:
    """Send what a worker has traced before it ends."""
    tracing.close()
