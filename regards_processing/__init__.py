"""The platform. Every process of it knows the Celery app: web servers and managers submit jobs too."""

from regards_processing.celery import app as celery_app

__all__ = ["celery_app"]
