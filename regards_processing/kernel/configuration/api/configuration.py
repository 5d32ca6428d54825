"""The configuration file of a service, for one tenant."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.configuration.envelope import to_text
from regards_processing.kernel.configuration.file_schema import file_schema
from regards_processing.kernel.configuration.modules import NothingToConfigure, find_module, module_of
from regards_processing.kernel.configuration.report import ImportReport, as_json, every_module_failed
from regards_processing.kernel.configuration.services import export_configuration, import_configuration
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.openapi import ErrorsSerializer


class NoImporter(NothingToConfigure):
    """This service has nothing that a configuration file could be imported into."""

    code = "NO_IMPORTER"
    http_status = 422


class FileMissing(DomainError):
    """The form must have a file in its field file."""

    code = "FILE_MISSING"
    http_status = 400


class ModuleInformationSerializer(serializers.Serializer[Any]):
    """Which module it is; only the id counts."""

    id = serializers.CharField()
    name = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    version = serializers.CharField(required=False)
    author = serializers.CharField(required=False)
    legalOwner = serializers.CharField(required=False)  # noqa: N815 (the contract's name)
    documentation = serializers.CharField(required=False)


class ConfigurationItemSerializer(serializers.Serializer[Any]):
    """One item; what its value must be depends on the key."""

    key = serializers.CharField()
    value = serializers.DictField()


class ConfigurationPartSerializer(serializers.Serializer[Any]):
    """One module of a file."""

    module = ModuleInformationSerializer()
    resetBeforeImport = serializers.BooleanField(required=False, default=False)  # noqa: N815 (the contract's name)
    configuration = ConfigurationItemSerializer(many=True)


class ConfigurationFileSerializer(serializers.Serializer[Any]):
    """A configuration file; `microservice/configuration/schema` has every detail."""

    microservice = serializers.CharField(required=False)
    modules = ConfigurationPartSerializer(many=True)


class ImportFormSerializer(serializers.Serializer[Any]):
    """The form that a configuration file is sent in."""

    file = serializers.FileField()


class ImportReportSerializer(serializers.Serializer[Any]):
    """What became of one module of a file."""

    moduleInformation = ModuleInformationSerializer()  # noqa: N815 (the contract's name)
    importErrors = serializers.ListField(child=serializers.CharField())  # noqa: N815 (likewise)
    onlyErrors = serializers.BooleanField(help_text="Whether every item was refused")  # noqa: N815 (likewise)
    importWarnings = serializers.ListField(  # noqa: N815 (ours, like the others)
        child=serializers.CharField(), required=False, help_text="What is no error, but should be known"
    )


_REPORTS = ImportReportSerializer(many=True)
_NOTHING = OpenApiResponse(ErrorsSerializer, description="The service has nothing to configure")


class Configuration(Endpoint):
    """The configuration of a tenant, as a file."""

    roles = {"GET": Role.PROJECT_ADMIN, "POST": Role.PROJECT_ADMIN}
    parser_classes = (MultiPartParser,)
    form_of_body = " with the file in its field file"

    @extend_schema(
        summary="Export the configuration",
        description="Downloads everything that is configured, secrets in clear: a file to import again.",
        responses={200: ConfigurationFileSerializer, 501: _NOTHING},
    )
    def get(self, _call: Call) -> HttpResponse:
        """Return the file."""
        module = module_of(self.service)
        file = export_configuration(module=module, tenant=self.tenant, actor=self.actor, at=clock.now())
        name = f"config-{self.service.name}.json"
        return HttpResponse(
            to_text(file),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @extend_schema(
        summary="Import a configuration",
        description="Stores every valid item; the reports tell why the others were refused.",
        request={"multipart/form-data": ImportFormSerializer},
        responses={
            201: OpenApiResponse(description="Everything was imported"),
            206: OpenApiResponse(_REPORTS, description="Some items were refused"),
            409: OpenApiResponse(_REPORTS, description="All items were refused"),
        },
    )
    def post(self, call: Call) -> Response:
        """Import the file of the form."""
        module = find_module(self.service)
        if module is None:
            raise NoImporter(self.service)
        file = call.FILES.get("file")
        if file is None:
            raise FileMissing
        reports = import_configuration(
            module=module, tenant=self.tenant, document=file.read(), actor=self.actor, at=clock.now()
        )
        return _answer(reports)


class ConfigurationEnabled(Endpoint):
    """Whether the service has a configuration."""

    roles = {"GET": Role.PROJECT_ADMIN}

    @extend_schema(
        summary="Ask whether there is something to configure",
        responses={200: OpenApiResponse(description="There is"), 501: _NOTHING},
    )
    def get(self, _call: Call) -> Response:
        """Answer without a body."""
        module_of(self.service)
        return Response()


class ConfigurationSchema(Endpoint):
    """What a configuration file of the service must look like."""

    roles = {"GET": Role.PROJECT_ADMIN}

    @extend_schema(
        summary="Get the JSON Schema of configuration files",
        responses={200: OpenApiTypes.OBJECT, 501: _NOTHING},
    )
    def get(self, _call: Call) -> Response:
        """Return the schema."""
        return Response(file_schema(module_of(self.service)))


def _answer(reports: Sequence[ImportReport]) -> Response:
    if not any(report.errors for report in reports):
        return Response(status=status.HTTP_201_CREATED)
    nothing = every_module_failed(reports)
    code = status.HTTP_409_CONFLICT if nothing else status.HTTP_206_PARTIAL_CONTENT
    return Response([as_json(report) for report in reports], status=code)
