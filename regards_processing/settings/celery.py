"""Celery's settings for the operator jobs and the sweeps (namespace ``CELERY``)."""

from regards_processing.settings import amqp, env
from regards_processing.settings.engine import SESSION_SECONDS, SWEEP_SECONDS
from workers.transport import rabbitmq
from workers.transport.embedded import transport_options

CELERY_BROKER_URL = amqp.BROKER_URL or "filesystem://"
CELERY_BROKER_TRANSPORT = None if amqp.BROKER_URL else "workers.transport.embedded:EmbeddedTransport"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"confirm_publish": True, **rabbitmq.transport_options()}
    if amqp.BROKER_URL
    else transport_options(amqp.BROKER_FOLDER)
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = env.integer("JOB_RESULT_EXPIRES_SECONDS", 30 * 86_400, minimum=60)
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONSUMER = "workers.transport.patient_consumer:PatientConsumer"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "regards.jobs"
CELERY_BEAT_SCHEDULE_FILENAME = str(amqp.BROKER_FOLDER.parent / "beat-schedule")
#: A sweep that waits longer than its period is replaced by the next one.
_EVERY = {
    "schedule": float(SWEEP_SECONDS),
    "options": {"expires": float(SWEEP_SECONDS) * 2, "ignore_result": True},
}
CELERY_BEAT_SCHEDULE = {
    "redispatch-waiting-requests": {"task": "worker_manager.tasks.redispatch_waiting_requests", **_EVERY},
    "rescue-silent-requests": {"task": "worker_manager.tasks.rescue_silent_requests", **_EVERY},
    "fold-session-changes": {
        "task": "worker_manager.tasks.fold_session_changes",
        "schedule": float(SESSION_SECONDS),
        "options": {"expires": float(SESSION_SECONDS) * 2, "ignore_result": True},
    },
    "watch-executions": {"task": "regards_processing.processing.tasks.watch_executions", **_EVERY},
    "end-lost-executions": {
        "task": "regards_processing.processing.tasks.end_lost_executions",
        "schedule": 60.0,
        "options": {"expires": 120.0, "ignore_result": True},
    },
    "clean-up-outputs": {
        "task": "regards_processing.processing.tasks.clean_up_outputs",
        "schedule": 600.0,
    },
    "count-kept-outputs": {
        "task": "regards_processing.processing.tasks.count_kept_outputs",
        "schedule": 30.0,
        "options": {"expires": 60.0, "ignore_result": True},
    },
    "sweep-jobs": {"task": "regards_processing.kernel.jobs.tasks.sweep_jobs", **_EVERY},
    "forget-finished-jobs": {
        "task": "regards_processing.kernel.jobs.tasks.forget_finished_jobs",
        "schedule": 600.0,
    },
    "relay-outbox": {"task": "regards_processing.kernel.tasks.relay_outbox", **_EVERY},
    "forget-handled-messages": {
        "task": "regards_processing.kernel.tasks.forget_handled_messages",
        "schedule": 600.0,
    },
    "forget-the-past": {"task": "worker_manager.tasks.forget_the_past", "schedule": 600.0},
    "remove-unneeded-contents": {
        "task": "worker_manager.tasks.remove_unneeded_contents",
        "schedule": 30.0,
        "options": {"expires": 60.0, "ignore_result": True},
    },
    "remove-orphaned-contents": {
        "task": "worker_manager.tasks.remove_orphaned_contents",
        "schedule": 3600.0,
    },
    "forget-old-audit-entries": {
        "task": "regards_processing.kernel.audit.tasks.forget_old_audit_entries",
        "schedule": 3600.0,
    },
}
