"""Routes: the services, the admin, the dashboard, and the pages of errors."""

from typing import Final

from django.contrib import admin
from django.urls import URLPattern, include, path
from django.views.generic import RedirectView

from regards_processing.dashboard.views import no_icon
from regards_processing.kernel.auth import api as access
from regards_processing.kernel.auth import token_api
from regards_processing.kernel.configuration import api as configuration
from regards_processing.kernel.dead_letters import api as dead_letters
from regards_processing.kernel.dynamic_settings import api as dynamic_settings
from regards_processing.kernel.observability import api as observability
from regards_processing.kernel.rest.routes import mount
from regards_processing.kernel.rest.services import RS_PROCESSING, RS_WORKER_MANAGER, Service
from regards_processing.kernel.tenancy import api as tenancy
from regards_processing.processing.api import urls as processing
from worker_manager.api import urls as worker_manager

# Only those that show pages load them.
admin.autodiscover()
admin.site.site_header = admin.site.site_title = "Processing platform"
admin.site.index_title = "Operations"

_PAGES: Final = "regards_processing.kernel.rest.error_pages"
handler400 = f"{_PAGES}.bad_request"
handler403 = f"{_PAGES}.forbidden"
handler404 = f"{_PAGES}.not_found"
handler500 = f"{_PAGES}.server_error"


def _of_every_service(service: Service) -> list[URLPattern]:
    """Return the endpoints that the platform gives to each service."""
    return [
        *access.routes(service),
        *tenancy.routes(service),
        *configuration.routes(service),
        *dynamic_settings.routes(service),
        *dead_letters.routes(service),
        *observability.routes(service),
        *processing.plugin_routes(service),
    ]


urlpatterns = [
    mount(
        RS_PROCESSING,
        routes=[
            *processing.routes(RS_PROCESSING),
            *_of_every_service(RS_PROCESSING),
        ],
    ),
    mount(
        RS_WORKER_MANAGER,
        routes=[
            *worker_manager.routes(RS_WORKER_MANAGER),
            *_of_every_service(RS_WORKER_MANAGER),
        ],
    ),
    *token_api.urlpatterns,
    path("admin/", admin.site.urls),
    path("dashboard/", include("regards_processing.dashboard.urls")),
    path("favicon.ico", no_icon),
    path("", RedirectView.as_view(pattern_name="dashboard:page", permanent=False)),
]
