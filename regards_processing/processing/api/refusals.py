"""Refusals that only some endpoints know, for the description of the interface."""

from typing import Final

from drf_spectacular.utils import OpenApiResponse

from regards_processing.kernel.rest.openapi import ProcessingErrorsSerializer

NOT_FOUND: Final = OpenApiResponse(
    ProcessingErrorsSerializer, description="There is no such thing in the tenant"
)
TAKEN: Final = OpenApiResponse(ProcessingErrorsSerializer, description="There is one already")
UNFIT: Final = OpenApiResponse(
    ProcessingErrorsSerializer, description="A rule is broken: the messages say which"
)
NOT_NOW: Final = OpenApiResponse(ProcessingErrorsSerializer, description="It is not in a state for this")
ENDED: Final = OpenApiResponse(ProcessingErrorsSerializer, description="It has ended already")
