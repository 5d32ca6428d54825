"""Settings of the platform, one module per concern; every variable is read once, here."""

from regards_processing.settings import env
from regards_processing.settings.amqp import (
    AMQP_APP_ID,
    AMQP_INSTANCE_ID,
    BROKER_FOLDER,
    BROKER_URL,
    BULK_MAX_BYTES,
    BULK_SIZE,
    MESSAGE_MAX_BYTES,
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
    CELERY_WORKER_HIJACK_ROOT_LOGGER,
    CELERY_WORKER_PREFETCH_MULTIPLIER,
)
from regards_processing.settings.database import DATABASES
from regards_processing.settings.engine import (
    HEARTBEAT_EXPIRY,
    HEARTBEAT_KEPT,
    HISTORY_KEPT,
    MAX_ATTEMPTS,
    MAX_LOST_ATTEMPTS,
    MAX_POSTPONEMENT,
    OUTBOX_GRACE,
    QUEUE_TIMEOUT,
    RUN_TIMEOUT,
    SWEEP_PAGE,
    SWEEP_SECONDS,
)
from regards_processing.settings.logging import LOG_FORMAT, LOG_LEVEL, LOGGING
from regards_processing.settings.places import BASE_DIR, EMBEDDED, SHARED_STORAGE, VAR
from regards_processing.settings.web import ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS, DEBUG, PORT, SECRET_KEY

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_results",
    "rest_framework",
    "regards_processing.kernel",
    "worker_manager",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
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

#: Tenants that exist from the first start.
TENANTS = env.names("REGARDS_TENANTS", ("default",))
