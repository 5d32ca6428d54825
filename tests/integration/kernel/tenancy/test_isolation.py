"""By REST, no tenant learns anything of another one, or changes it; tried on every endpoint there is."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from rest_framework.test import APIClient

from regards_processing.kernel.observability.api import Open
from regards_processing.kernel.rest.resources import PREFIX, Resource, resources
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import models_of_tenants
from tests.factories import belongings
from tests.factories.processing import SHELL, a_plugin, some_rights
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

#: What the other tenant has, for each variable of a path. An endpoint with a new one adds it here.
_THEIRS: Final = {
    "requestId": belongings.REQUEST_ID,
    "name": "skipContentTypes",
    "tenant": "theirs",
    "id": "0" * 32,
    "workerType": belongings.WORKER_TYPE,
    "workflowType": belongings.WORKFLOW_TYPE,
    "contentType": belongings.CONTENT_TYPE,
    "processBusinessId": belongings.PROCESS_ID,
    "batchId": belongings.BATCH_ID,
    "executionId": belongings.EXECUTION_ID,
    "jobId": belongings.JOB_ID,
    "businessId": belongings.PROCESS_ID,
    "pluginId": SHELL,
    "datasetIpId": belongings.DATASET,
}
#: Bodies that mean as much as possible; everywhere else ``{}``, which means all of it.
_BODIES: Final[dict[str, Any]] = {
    "/settings/{name}": {"value": ["changed"]},
    "/requests/submit": {"requestId": belongings.REQUEST_ID, "contentType": "unzip", "content": {}}
    | dict.fromkeys(("source", "session"), "acme"),
    "/worker-types/{workerType}": {"contentTypeInputs": ["changed"]},
    "/workflows/{workflowType}": {"steps": [{"stepNumber": 1, "workerType": belongings.WORKER_TYPE}]},
    "/processplugins/config": {
        "pluginConfiguration": a_plugin(businessId=belongings.PROCESS_ID),
        "rights": some_rights(),
    },
    "/processplugins/linkprocessdataset/{datasetIpId}": [],
    "/processplugins/fordatasets": [belongings.DATASET],
}
_IMPORTS: Final = "/microservice/configuration"
_RESET: Final = {
    "modules": [
        {"module": {"id": module}, "resetBeforeImport": True, "configuration": []}
        for module in ("workermanager", "processing")
    ]
}
#: About the platform and slow: it asks the broker.
_READINESS: Final = "/microservice/ready"
#: New each time: of errors of rs-processing, and the while that statistics are about.
_FRESH: Final = re.compile(r'"(errorId|time|since|until)":"[^"]*"')

_CALLS: Final = sorted(
    (resource.service, resource.name, verb)
    for resource in resources().values()
    for verb in resource.roles
    if not issubclass(resource.view, Open) and not resource.path.startswith(_READINESS)
)
_EACH_CALL = pytest.mark.parametrize(("service", "name", "verb"), _CALLS, ids=" ".join)


@dataclass(frozen=True)
class Outcome:
    status: int
    body: str
    #: Whether a row of the other tenant was changed, added or deleted.
    touched: bool


def _call(client: APIClient, resource: Resource, verb: str) -> Outcome:
    """Call an endpoint, and take back what it did."""
    before = _rows_of_theirs()
    path = re.sub("{(.*?)}", lambda variable: _THEIRS[variable[1]], resource.path)
    address = f"/{PREFIX}{resource.service}{path}"
    with transaction.atomic():
        if verb == "POST" and resource.path == _IMPORTS:
            file = SimpleUploadedFile("configuration.json", json.dumps(_RESET).encode(), "application/json")
            answer = client.post(address, {"file": file}, format="multipart")
        else:
            body = json.dumps(_BODIES.get(resource.path, {}))
            answer = client.generic(verb, address, body, content_type="application/json")
        touched = _rows_of_theirs() != before
        transaction.set_rollback(True)
    return Outcome(answer.status_code, _FRESH.sub("", answer.content.decode()), touched)


def _rows_of_theirs() -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with connection.cursor() as cursor:
        for name, statement in _statements().items():
            cursor.execute(*statement)
            found[name] = cursor.fetchall()
    return found


@cache
def _statements() -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Return what reads the rows of each kind; it is read a thousand times."""
    owned = {model.__name__: every(model).filter(tenant__name="theirs") for model in models_of_tenants()}
    found = owned | {"Tenant": Tenant.objects.filter(name="theirs")}
    return {name: rows.order_by("pk").values().query.sql_with_params() for name, rows in found.items()}


def _callers() -> Iterator[APIClient]:
    yield client_as("PROJECT_ADMIN", tenant="ours")
    yield client_as("PUBLIC", tenant="ours")


def test_it_knows_rows_of_every_kind() -> None:
    belongings.fill(a_tenant(name="theirs"))
    assert [name for name, found in _rows_of_theirs().items() if not found] == []


@_EACH_CALL
def test_it_does_as_if_the_other_tenant_had_nothing(service: str, name: str, verb: str) -> None:
    a_tenant(name="ours")
    theirs, resource = a_tenant(name="theirs"), resources()[service, name]
    before = [_call(client, resource, verb) for client in _callers()]
    belongings.fill(theirs)
    after = [_call(client, resource, verb) for client in _callers()]
    assert after == before
    assert belongings.SECRET not in str(after)
    assert not any(outcome.touched for outcome in after)


def test_it_would_find_what_leaks() -> None:
    belongings.fill(a_tenant(name="theirs"))
    their_own = client_as("PROJECT_ADMIN", tenant="theirs")
    found = {
        (name, verb): _call(their_own, resources()[service, name], verb) for service, name, verb in _CALLS
    }
    shown = {call for call, outcome in found.items() if belongings.SECRET in outcome.body}
    touched = {call for call, outcome in found.items() if outcome.touched}
    assert shown >= {("requests", "POST"), ("request", "GET"), ("settings", "GET"), ("configuration", "GET")}
    assert shown >= {("worker-types", "GET"), ("workflow", "GET")}
    assert touched >= {("configuration", "POST"), ("setting", "PUT"), ("maintenance-enable", "PUT")}
    assert touched >= {("worker-type", "PUT"), ("workflow", "DELETE")}
    assert touched >= {("batch-cancel", "POST"), ("execution-cancel", "POST")}
