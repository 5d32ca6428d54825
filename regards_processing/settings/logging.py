"""Logs are events with fields: lines for people, or JSON for machines."""

from typing import Any

from regards_processing.settings import env

LOG_FORMAT = env.choice("LOG_FORMAT", "console", allowed=("console", "json"))
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", allowed=("DEBUG", "INFO", "WARNING", "ERROR"))

LOGGING_CONFIG = "regards_processing.kernel.logging.configure"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "console": {"()": "regards_processing.kernel.logging.ConsoleFormatter"},
        "json": {"()": "regards_processing.kernel.logging.JsonFormatter"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT},
        "counter": {"class": "regards_processing.kernel.logging.CountingHandler", "level": "WARNING"},
    },
    "root": {"handlers": ["stderr", "counter"], "level": LOG_LEVEL},
    "loggers": {
        # One line a task would drown ours: sweeps run every few seconds.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        # Of Celery's pool, which keeps its lines from the root.
        "multiprocessing": {"handlers": ["stderr", "counter"], "level": "ERROR"},
        # These would write in formats of their own.
        "gunicorn.error": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
    },
}
