"""The WSGI application of the web process."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regards_processing.settings")

_django = get_wsgi_application()

from django.conf import settings  # noqa: E402 (readable once Django is set up)

from regards_processing.kernel.rest.bodies import measured  # noqa: E402 (likewise)

application = measured(_django, limit=settings.REQUEST_MAX_BYTES)
