"""Settings of the platform, one module per concern; every variable is read once, here."""

from regards_processing.settings.amqp import (
    AMQP_APP_ID,
    AMQP_INSTANCE_ID,
    BROKER_CONSUMER_TIMEOUT,
    BROKER_FOLDER,
    BROKER_MANAGEMENT_URL,
    BROKER_NAMESPACE,
    BROKER_URL,
    BULK_MAX_BYTES,
    BULK_SIZE,
    CONFIGURED_WORKER_TYPES,
    CONSUMERS,
    INSTANCE_BROKER_URL,
    INSTANCE_CONSUMERS,
    MESSAGE_MAX_BYTES,
    NOTIFICATION_EXCERPT,
    TENANT_CONSUMERS,
)
from regards_processing.settings.audit import AUDIT_KEPT
from regards_processing.settings.auth import (
    ACCESS_TOKEN_VALIDITY,
    INSTANCE_ADMIN_FULL_ACCESS,
    JWT_KEYS,
    JWT_LEEWAY,
    OAUTH_CLIENT_ID,
    OAUTH_CLIENT_SECRET,
    PROJECT_ADMIN_FULL_ACCESS,
    SIGN_IN_FAILURES,
    SIGN_IN_WINDOW,
    SYSTEM_FULL_ACCESS,
    TRUSTED_PROXIES,
)
from regards_processing.settings.celery import (
    CELERY_ACCEPT_CONTENT,
    CELERY_BEAT_SCHEDULE,
    CELERY_BEAT_SCHEDULE_FILENAME,
    CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP,
    CELERY_BROKER_TRANSPORT,
    CELERY_BROKER_TRANSPORT_OPTIONS,
    CELERY_BROKER_URL,
    CELERY_RESULT_BACKEND,
    CELERY_RESULT_EXPIRES,
    CELERY_RESULT_EXTENDED,
    CELERY_RESULT_SERIALIZER,
    CELERY_TASK_ACKS_LATE,
    CELERY_TASK_DEFAULT_QUEUE,
    CELERY_TASK_REJECT_ON_WORKER_LOST,
    CELERY_TASK_SERIALIZER,
    CELERY_TIMEZONE,
    CELERY_WORKER_CONSUMER,
    CELERY_WORKER_HIJACK_ROOT_LOGGER,
    CELERY_WORKER_PREFETCH_MULTIPLIER,
)
from regards_processing.settings.configuration import (
    CONFIGURATION_MODULES,
    EXPLAINERS,
    RESERVATIONS,
    ROLE_USES,
)
from regards_processing.settings.dashboard import DASHBOARD_REFRESH
from regards_processing.settings.database import DATABASES, PREPARED_STATEMENTS, WRITES_TOGETHER
from regards_processing.settings.doctor import CLOCK_TOLERANCE, DOCTOR_CHECKS, STORAGE_MIN_FREE
from regards_processing.settings.engine import (
    HEARTBEAT_EXPIRY,
    HEARTBEAT_KEPT,
    HISTORY_KEPT,
    IN_FLIGHT_FACTOR,
    IN_FLIGHT_ROUND_TRIP,
    IN_FLIGHT_UNSTATED,
    INBOX_KEPT,
    MAX_ATTEMPTS,
    MAX_LOST_ATTEMPTS,
    MAX_POSTPONEMENT,
    OUTBOX_GRACE,
    QUEUE_TIMEOUT,
    REDELIVERED_WITHIN,
    RUN_TIMEOUT,
    STATISTICS_REQUESTS,
    STORED_CONTENTS,
    SWEEP_PAGE,
    SWEEP_SECONDS,
    TRAIL_ATTEMPTS,
)
from regards_processing.settings.jobs import (
    JOB_FAILED_KEPT,
    JOB_MAX_LOST_ATTEMPTS,
    JOB_MODULES,
    JOB_SILENCE,
    JOB_SLICE,
    JOB_START_TIMEOUT,
    JOB_SUCCEEDED_KEPT,
    JOBS_AT_ONCE,
    JOBS_PER_TENANT,
)
from regards_processing.settings.logging import LOG_FORMAT, LOG_LEVEL, LOGGING, LOGGING_CONFIG
from regards_processing.settings.observability import (
    CHECK_TIMEOUT,
    DISPATCH_LAG,
    HEALTH_CHECKS,
    LOOP_SILENCE,
    MEASURES,
    METRICS_CACHE,
    METRICS_FOLDER,
    METRICS_HOST,
    METRICS_MOST_TYPES,
    METRICS_PORT,
    METRICS_TIMEOUT,
    METRICS_TOKEN,
    OUTBOX_LAG,
    READY_REQUIRES,
    SWEEP_SILENCE,
)
from regards_processing.settings.places import BASE_DIR, EMBEDDED, SHARED_STORAGE, VAR, WORK_FOLDER
from regards_processing.settings.processing import (
    BATCH_KEPT,
    EXECUTION_START_TIMEOUT,
    EXECUTION_TIMEOUT_FACTOR,
    EXECUTION_TIMEOUT_FLOOR,
    EXECUTION_TIMEOUT_GRACE,
    EXECUTION_TOKEN_VALIDITY,
    PROCESS_LINKS_KEPT,
    PROCESS_RIGHTS_CHECKED,
    PROCESS_TOKEN_KEY,
)
from regards_processing.settings.rest import (
    CORS_ALLOW_ALL_ORIGINS,
    CORS_ALLOW_HEADERS,
    CORS_ALLOW_METHODS,
    CORS_ALLOWED_ORIGINS,
    CORS_EXPOSE_HEADERS,
    CORS_PREFLIGHT_MAX_AGE,
    CORS_URLS_REGEX,
    DATA_UPLOAD_MAX_MEMORY_SIZE,
    REQUEST_MAX_BYTES,
    REST_FRAMEWORK,
    SEARCH_TOTAL_KEPT,
    SEARCH_TOTAL_LIMIT,
    SPECTACULAR_SETTINGS,
)
from regards_processing.settings.tenancy import ROW_LEVEL_SECURITY, TENANTS
from regards_processing.settings.tracing import TRACING, TRACING_QUEUE
from regards_processing.settings.web import (
    ALLOWED_HOSTS,
    CSRF_TRUSTED_ORIGINS,
    DEBUG,
    PORT,
    SECRET_KEY,
    SECRET_KEY_FALLBACKS,
)

INSTALLED_APPS = [
    "regards_processing.kernel.audit.admin_app.PlatformAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_results",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "regards_processing.kernel",
    "regards_processing.kernel.auth",
    "regards_processing.kernel.jobs",
    "regards_processing.kernel.audit",
    "regards_processing.kernel.observability",
    "worker_manager",
    "regards_processing.processing",
    "regards_processing.dashboard",
]
MIDDLEWARE = [
    # First: whoever comes later reads headers and writes addresses down.
    "regards_processing.kernel.auth.token_parameter.TokenParameterMiddleware",
    # Second: probes come by any host name, often, and need none of what follows.
    "regards_processing.kernel.observability.middleware.ProbesMiddleware",
    "regards_processing.kernel.rest.middleware.correlate",
    "regards_processing.kernel.observability.trace_middleware.TracesMiddleware",
    "regards_processing.kernel.observability.middleware.CallsMiddleware",
    "regards_processing.kernel.rest.middleware.log_access",
    "corsheaders.middleware.CorsMiddleware",
    "regards_processing.kernel.rest.middleware.limit_size",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "regards_processing.kernel.tenancy.middleware.VisibilityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "regards_processing.urls"
WSGI_APPLICATION = "regards_processing.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
#: Times with seconds and without words, as in the logs.
FORMAT_MODULE_PATH = ["regards_processing.settings.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
#: The admin's files are served from the packages: no collect step, and no folder for one.
WHITENOISE_USE_FINDERS = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
