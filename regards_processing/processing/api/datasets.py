"""Which processes serve which datasets."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.urls import URLPattern
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.fields import ListField
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.processing import queries
from regards_processing.processing.models.process import MAX_DATASET
from regards_processing.processing.services import processes

_MOST: Final = 1000
#: One list of processes for each dataset, as `ProcessLabelSerializer` writes them.
_LISTS: Final = {
    "type": "object",
    "additionalProperties": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["processBusinessId", "label"],
            "properties": {
                "processBusinessId": {"type": "string", "format": "uuid"},
                "label": {"type": "string"},
            },
        },
    },
}


class ProcessLabelSerializer(serializers.Serializer[Any]):
    """A process by its name."""

    processBusinessId = serializers.UUIDField()  # noqa: N815 (the contract's name)
    label = serializers.CharField()  # type: ignore[assignment] # likewise; the metaclass takes it away


class ProcessesOfDataset(Endpoint):
    """The processes that serve one dataset."""

    roles = {"GET": Role.REGISTERED_USER, "PUT": Role.ADMIN}

    @extend_schema(
        summary="List the processes of a dataset",
        description="Returns those linked to it and those linked to all datasets, by label.",
        responses=ProcessLabelSerializer(many=True),
    )
    def get(self, _call: Call, datasetIpId: str) -> Response:  # noqa: N803 (the contract's name)
        """Return the processes."""
        found = queries.processes_of_datasets(tenant=self.tenant, datasets=[datasetIpId])
        return Response(_labels(found[datasetIpId]))

    @extend_schema(
        summary="Link processes to a dataset",
        description="These processes serve the dataset from now on, and no others but those of all datasets.",
        request={"application/json": {"type": "array", "items": {"type": "string", "format": "uuid"}}},
        responses={200: None},
    )
    def put(self, call: Call, datasetIpId: str) -> Response:  # noqa: N803 (likewise)
        """Link them."""
        given = call.data if call.stream is not None else None
        wanted = ListField(child=serializers.UUIDField(), max_length=_MOST)
        dataset = serializers.CharField(max_length=MAX_DATASET).run_validation(datasetIpId)
        processes.link_dataset(
            tenant=self.tenant,
            dataset=dataset,
            process_ids=set(wanted.run_validation([] if given is None else given)),
            actor=self.actor,
            at=clock.now(),
        )
        return Response()


class ProcessesOfDatasets(Endpoint):
    """The processes that serve some datasets."""

    roles = {"POST": Role.REGISTERED_USER}

    @extend_schema(
        summary="List the processes of several datasets",
        description="Returns an object with one list of processes for each dataset.",
        request={"application/json": {"type": "array", "items": {"type": "string"}, "maxItems": _MOST}},
        responses={(200, "application/json"): _LISTS},
    )
    def post(self, call: Call) -> Response:
        """Return the processes by dataset."""
        shape = ListField(child=serializers.CharField(), max_length=_MOST)
        datasets = shape.run_validation(call.data)
        found = queries.processes_of_datasets(tenant=self.tenant, datasets=datasets)
        return Response({dataset: _labels(processes) for dataset, processes in found.items()})


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of datasets."""
    one = "processplugins/linkprocessdataset/<key:datasetIpId>"
    return [
        route(one, ProcessesOfDataset, name="dataset-processes", service=service),
        route("processplugins/fordatasets", ProcessesOfDatasets, name="datasets-processes", service=service),
    ]


def _labels(found: Iterable[tuple[UUID, str]]) -> list[dict[str, Any]]:
    named = [{"processBusinessId": process_id, "label": label} for process_id, label in found]
    return list(ProcessLabelSerializer(named, many=True).data)
