"""Health, measures and their limits. Times are in seconds."""

from django.core.exceptions import ImproperlyConfigured

from regards_processing.settings import env, places

#: Where processes without a web server of their own answer probes; port 0: nowhere.
METRICS_HOST = env.text("METRICS_HOST", "0.0.0.0")  # noqa: S104 (as the web process: probes come from other machines)
METRICS_PORT = env.integer("METRICS_PORT", 0, minimum=0, maximum=65_535)
#: What Prometheus shows as bearer token.
METRICS_TOKEN = env.text("METRICS_TOKEN")
#: Files of servers whose processes add up their measures.
METRICS_FOLDER = places.VAR / "metrics"
#: How long measures of database and broker are kept, and how long reading them may take.
METRICS_CACHE = env.integer("METRICS_CACHE_SECONDS", 10, minimum=1, maximum=3600)
METRICS_TIMEOUT = env.integer("METRICS_TIMEOUT_SECONDS", 5, minimum=1, maximum=300)
#: Worker types that measures tell apart; what is beyond is added up.
METRICS_MOST_TYPES = env.integer("METRICS_MOST_TYPES", 200, minimum=1, maximum=10_000)
#: How long one check of readiness may take.
CHECK_TIMEOUT = env.integer("CHECK_TIMEOUT_SECONDS", 2, minimum=1, maximum=60)
#: Age of the oldest message in the outbox above which the platform is not ready.
OUTBOX_LAG = env.integer("OUTBOX_LAG_SECONDS", 60, minimum=1)
#: Time since a request became due above which the platform is not ready.
DISPATCH_LAG = env.integer("DISPATCH_LAG_SECONDS", 60, minimum=1)
#: Time without a run of a sweep above which the platform is not ready.
SWEEP_SILENCE = env.integer("SWEEP_SILENCE_SECONDS", 60, minimum=1)
#: Time without a turn of its loop above which a manager is not ready; one bulk is one turn.
LOOP_SILENCE = env.integer("LOOP_SILENCE_SECONDS", 60, minimum=2)

#: What is checked, by name.
HEALTH_CHECKS = {
    "database": "regards_processing.kernel.observability.checks.database",
    "broker": "regards_processing.kernel.observability.checks.broker",
    "outbox": "regards_processing.kernel.observability.checks.outbox",
    "sweeps": "regards_processing.kernel.observability.checks.sweeps",
    "dispatch": "worker_manager.health.dispatch",
    "heartbeats": "worker_manager.health.heartbeats",
}
#: The checks that the platform is not ready without; the others only warn.
READY_REQUIRES = env.names("READY_REQUIRES", ("database", "broker", "outbox", "sweeps", "dispatch"))
if unknown := set(READY_REQUIRES).difference(HEALTH_CHECKS):
    raise ImproperlyConfigured(
        f"READY_REQUIRES names {', '.join(sorted(unknown))}: only {', '.join(HEALTH_CHECKS)} are checked"
    )
#: What is read from database and broker for Prometheus, by name.
MEASURES = {
    "outbox": "regards_processing.kernel.observability.measures.outbox",
    "sweeps": "regards_processing.kernel.observability.measures.sweeps",
    "jobs": "regards_processing.kernel.observability.measures.jobs",
    "requests": "worker_manager.measures.requests",
    "workers": "worker_manager.measures.workers",
    "flow": "worker_manager.measures.flow",
    "queues": "worker_manager.measures.queues",
    "stored_contents": "worker_manager.measures.stored_contents",
    "executions": "regards_processing.processing.measures.executions",
    "kept_outputs": "regards_processing.processing.measures.kept_outputs",
}
