"""The platform's Celery app: operator jobs and sweeps. Fleets have their own, `workers.celery`."""

import logging
import os
from typing import Any, Final

from celery import Celery
from celery.signals import (
    beat_init,
    celeryd_init,
    setup_logging,
    worker_init,
    worker_process_shutdown,
    worker_shutdown,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from regards_processing.kernel.amqp.connection import address_from_settings, open_connection
from regards_processing.kernel.amqp.errors import BrokerUnavailable, LoginRefused, VirtualHostMissing
from regards_processing.kernel.amqp.virtual_hosts import virtual_hosts_from_settings
from regards_processing.kernel.observability import tracing
from regards_processing.kernel.tenancy.visibility import serve_every_tenant
from workers.transport.prompt_stop import PromptStop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regards_processing.settings")
# `manage.py migrate` checks models and pages; each process that starts later would need half as long again.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

log = logging.getLogger(__name__)

#: Seconds to wait for a virtual host that another process is just making.
_PATIENCE: Final = 5.0

app = Celery(
    "regards_processing",
    task_cls="regards_processing.kernel.observability.observed_task:ObservedTask",
)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add(PromptStop)


@app.on_configure.connect
def _read_settings(**_event: object) -> None:
    """End with one clear line when a setting is refused."""
    try:
        settings.INSTALLED_APPS  # noqa: B018 (the first look reads them all)
    except ImproperlyConfigured as error:
        raise SystemExit(f"celery -A regards_processing: {error}") from error


@worker_init.connect
def _serve_every_tenant(**_event: object) -> None:
    """Jobs and sweeps serve every tenant; the web process, which only sends tasks, does not."""
    serve_every_tenant()


@beat_init.connect
@worker_init.connect
def _make_virtual_host(**_event: object) -> None:
    """Do not depend on a manager that starts at the same time."""
    virtual_hosts_from_settings().ensure(address_from_settings(), patience=_PATIENCE)


@beat_init.connect
def _check_broker(**_event: object) -> None:
    """End with one clear line where the broker does not let us in: beat would say so by a long traceback."""
    try:
        open_connection(address=address_from_settings()).release()
    except (LoginRefused, VirtualHostMissing) as error:
        log.critical("beat ends: %s", error, extra={"action": "beat.refused"})
        raise SystemExit(1) from error
    except BrokerUnavailable:
        # Beat waits for a broker that is away.
        return


@celeryd_init.connect
def _observe(*, instance: Any, **_event: object) -> None:
    """Let a worker of the jobs be measured and probed."""
    # Models are known by now, and were not when this module was read.
    from regards_processing.kernel.observability import jobs_worker  # noqa: PLC0415 (see above)

    jobs_worker.start(instance)


@worker_process_shutdown.connect
@worker_shutdown.connect
def _send_last_spans(**_event: object) -> None:
    """Send what this process, or this child of it, has traced."""
    tracing.close()


@setup_logging.connect
def _leave_logs(**_event: object) -> None:
    """Leave the logs as Django has set them up; without this, Celery would add formats of its own."""
