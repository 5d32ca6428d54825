"""Workflows as they are configured, one by one."""

from collections.abc import Mapping
from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.utils import extend_schema_view

from regards_processing.kernel.configuration.api.named_items import (
    AllItems,
    ItemCheck,
    ItemsEndpoint,
    OneItem,
    described,
)
from regards_processing.kernel.rest.documents import DocumentSerializer
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from worker_manager.configuration import workflow_items


class WorkflowSerializer(DocumentSerializer):
    """A workflow, as configuration files have it."""

    schema = workflow_items.SCHEMA


_SAID: Final[Mapping[str, Any]] = described(WorkflowSerializer, noun="workflow")


class _Workflows(ItemsEndpoint):
    key = workflow_items.KEY
    shape = WorkflowSerializer
    list_route = "workflows"
    item_route = "workflow"


@extend_schema_view(get=_SAID["list"], post=_SAID["create"])
class Workflows(_Workflows, AllItems):
    """The workflows of the tenant."""


@extend_schema_view(post=_SAID["check"])
class WorkflowCheck(_Workflows, ItemCheck):
    """A workflow that is not stored."""


@extend_schema_view(get=_SAID["read"], put=_SAID["replace"], delete=_SAID["delete"])
class OneWorkflow(_Workflows, OneItem):
    """One workflow of the tenant."""


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of workflows."""
    return [
        route("workflows", Workflows, name="workflows", service=service),
        route("workflows/validate", WorkflowCheck, name="workflows-validate", service=service),
        route("workflows/<key:workflowType>", OneWorkflow, name="workflow", service=service),
    ]
