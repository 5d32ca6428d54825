"""The platform's Celery app: operator jobs and sweeps. Fleets have their own, `workers.celery`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regards_processing.settings")

app = Celery("regards_processing")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
