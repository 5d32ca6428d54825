"""No page of the admin saves or deletes behind the back of the audit trail."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from regards_processing.kernel.audit.admin_mixin import AuditedAdmin

pytestmark = pytest.mark.django_db

# Only processes that show pages load them by themselves.
admin.autodiscover()
_PAGES = [admin.site.get_model_admin(model) for model in apps.get_models() if admin.site.is_registered(model)]


@pytest.mark.parametrize("page", _PAGES, ids=str)
def test_it_leaves_writing_to_a_service_or_records_it(
    page: "admin.ModelAdmin[User]", admin_user: User, rf: RequestFactory
) -> None:
    request = rf.get("/")
    request.user = admin_user
    saves = page.has_add_permission(request) or page.has_change_permission(request)
    deletes = page.has_delete_permission(request)
    writes = {"save_model": saves, "delete_model": deletes, "delete_queryset": deletes}
    djangos_own = [
        name
        for name, allowed in writes.items()
        if allowed and getattr(type(page), name) is getattr(admin.ModelAdmin, name)
    ]
    assert isinstance(page, AuditedAdmin) or not djangos_own
