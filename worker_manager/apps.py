"""The engine: worker types, requests, workflows."""

from django.apps import AppConfig


class WorkerManagerConfig(AppConfig):
    """What REGARDS calls rs-worker-manager."""

    name = "worker_manager"
    verbose_name = "Worker manager"
