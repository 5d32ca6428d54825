"""Routes of the dashboard."""

from typing import Final

from django.contrib import admin
from django.urls import path

from regards_processing.dashboard import views

app_name: Final = "dashboard"

urlpatterns = [
    # Who is not logged in comes to the login page of the admin, and from there back.
    path("", admin.site.admin_view(views.page), name="page"),
    path("panels/", views.panels, name="panels"),
]
