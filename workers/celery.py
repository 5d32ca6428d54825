"""The workers' own Celery application: ``celery -A workers worker --types a,b``.

It loads the SDK and the worker types that were asked for, nothing else.
"""

from workers.sdk.application import build_application
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import ConfigurationError

try:
    app = build_application(config=WorkerConfig.from_env())
except ConfigurationError as error:
    raise SystemExit(f"celery -A workers: {error}") from error
