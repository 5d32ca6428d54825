"""Worker types as they are configured, one by one."""

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
from worker_manager.configuration import worker_items


class WorkerTypeSerializer(DocumentSerializer):
    """A worker type, as configuration files have it."""

    schema = worker_items.SCHEMA


_SAID: Final[Mapping[str, Any]] = described(WorkerTypeSerializer, noun="worker type")


class _WorkerTypes(ItemsEndpoint):
    key = worker_items.KEY
    shape = WorkerTypeSerializer
    list_route = "worker-types"
    item_route = "worker-type"


@extend_schema_view(get=_SAID["list"], post=_SAID["create"])
class WorkerTypes(_WorkerTypes, AllItems):
    """The worker types of the tenant."""


@extend_schema_view(post=_SAID["check"])
class WorkerTypeCheck(_WorkerTypes, ItemCheck):
    """A worker type that is not stored."""


@extend_schema_view(get=_SAID["read"], put=_SAID["replace"], delete=_SAID["delete"])
class OneWorkerType(_WorkerTypes, OneItem):
    """One worker type of the tenant."""


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of worker types."""
    return [
        route("worker-types", WorkerTypes, name="worker-types", service=service),
        route("worker-types/validate", WorkerTypeCheck, name="worker-types-validate", service=service),
        route("worker-types/<key:workerType>", OneWorkerType, name="worker-type", service=service),
    ]
