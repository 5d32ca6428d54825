"""``/worker-types``: worker types are configured one by one, by the rules of configuration files."""

from typing import Any, Final

import pytest

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from tests.factories.configuration_files import a_worker, import_items
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow

pytestmark = pytest.mark.django_db

_HERE: Final = "/api/v1/rs-worker-manager/worker-types"
_UNZIP: Final = {
    "workerType": "unzip-worker",
    "contentTypeInputs": ["unzip"],
    "contentTypeOutput": "tree",
    "keepErrors": True,
}
_IN_USE: Final = (
    "WorkerConf with type=late declares contentType [unzip] which are already used by [unzip-worker]"
)


def _call(
    verb: str, path: str = "", body: object = None, *, role: str = Role.ADMIN, tenant: str = "demo"
) -> Any:
    client = client_as(role, tenant=tenant)
    return getattr(client, verb)(f"{_HERE}{path}", body, format="json" if body is not None else None)


def _names(*, tenant: str = "demo") -> list[str]:
    listed = _call("get", tenant=tenant).json()
    return [each["content"]["workerType"] for each in listed]


def test_it_adds_one() -> None:
    a_tenant()
    answer = _call("post", body={"workerType": "unzip-worker", "contentTypeInputs": ["unzip"]})
    assert answer.status_code == 201
    assert answer.json()["content"] == {
        "workerType": "unzip-worker",
        "contentTypeInputs": ["unzip"],
        "keepErrors": True,
    }
    assert _call("get", "/unzip-worker").json() == answer.json()
    assert _names() == ["unzip-worker"]


@pytest.mark.parametrize(
    ("verb", "path", "status"), [("post", "", 422), ("put", "/unzip-worker", 422), ("post", "/validate", 200)]
)
def test_it_refuses_a_field_that_is_not_known(verb: str, path: str, status: int) -> None:
    a_worker_type(a_tenant())
    name = {"post": "late", "put": "unzip-worker"}[verb]
    body = {"workerType": name, "contentTypeInputs": ["late"], "keepErors": False}
    answer = _call(verb, path, body)
    assert answer.status_code == status
    assert "keepErors is not known" in answer.content.decode()
    assert "workerType, contentTypeInputs, contentTypeOutput, keepErrors" in answer.content.decode()
    assert [each["content"] for each in _call("get").json()] == [_UNZIP]


def test_it_refuses_a_name_that_is_there_already() -> None:
    a_worker_type(a_tenant())
    answer = _call("post", body={"workerType": "unzip-worker", "contentTypeInputs": ["other"]})
    assert answer.status_code == 409
    assert answer.json()["messages"][0].startswith("There is a worker type unzip-worker already")
    assert _call("get", "/unzip-worker").json()["content"] == _UNZIP


def test_it_reads_one_with_what_may_be_done() -> None:
    a_worker_type(a_tenant())
    answer = _call("get", "/unzip-worker").json()
    assert answer["content"] == _UNZIP
    assert [link["rel"] for link in answer["links"]] == ["self", "list", "update", "delete"]
    assert answer["links"][0]["href"] == f"http://testserver{_HERE}/unzip-worker"
    for_readers = _call("get", "/unzip-worker", role=Role.EXPLOIT).json()
    assert [link["rel"] for link in for_readers["links"]] == ["self", "list"]


def test_it_finds_names_with_slashes() -> None:
    a_worker_type(a_tenant(), worker_type="a/b c")
    assert _call("get", "/a/b%20c").json()["content"]["workerType"] == "a/b c"


@pytest.mark.parametrize(("verb", "body"), [("get", None), ("put", {}), ("delete", None)])
def test_it_says_that_there_is_none(verb: str, body: object) -> None:
    a_tenant()
    answer = _call(verb, "/none", body)
    assert (answer.status_code, answer.json()) == (404, {"messages": ["There is no worker type none"]})


def test_it_replaces_one() -> None:
    a_worker_type(a_tenant())
    answer = _call("put", "/unzip-worker", {"contentTypeInputs": ["zip", "tar"], "keepErrors": False})
    replaced = {"workerType": "unzip-worker", "contentTypeInputs": ["tar", "zip"], "keepErrors": False}
    assert (answer.status_code, answer.json()["content"]) == (200, replaced)
    assert _call("get", "/unzip-worker").json()["content"] == replaced


def test_it_takes_back_what_it_gave() -> None:
    a_worker_type(a_tenant())
    read = _call("get", "/unzip-worker").json()["content"]
    assert _call("put", "/unzip-worker", read).json()["content"] == read


def test_it_does_not_rename() -> None:
    a_worker_type(a_tenant())
    answer = _call("put", "/unzip-worker", {**_UNZIP, "workerType": "other"})
    assert answer.status_code == 422
    assert answer.json() == {
        "messages": ["workerType: 'other' is not the name in the address. Allowed: unzip-worker."]
    }


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"contentTypeInputs": ["a"]}, 422, "[NotBlank] Invalid worker conf with empty name at workerType"),
        ({"workerType": "late", "contentTypeInputs": []}, 422, "Allowed: an array of at least one text"),
        ({"workerType": "l" * 129, "contentTypeInputs": ["a"]}, 422, "[Size] workerType is limited to 128"),
        (
            {"workerType": "late", "contentTypeInputs": ["a"], "keepErrors": "no"},
            422,
            "rejected value [no]. Allowed: true or false.",
        ),
        ({"workerType": "late", "contentTypeInputs": ["unzip"]}, 409, _IN_USE),
        ({"workerType": "late", "contentTypeInputs": ["noise"]}, 409, "inside the skipContentTypes setting"),
        ({"workerType": "late", "contentTypeInputs": ["ingest"]}, 409, "which are workflow types"),
        ({"workerType": "UNZIP-worker", "contentTypeInputs": ["a"]}, 409, "both would share one queue"),
        ([], 422, "Expected a dictionary, but got list"),
    ],
)
def test_it_refuses_what_breaks_a_rule(body: object, status: int, told: str) -> None:
    tenant = a_tenant(skipped=["noise"])
    a_worker_type(tenant)
    a_workflow(tenant, steps={1: "unzip-worker"})
    answer = _call("post", body=body)
    assert answer.status_code == status
    assert told in answer.json()["messages"][0]
    assert _names() == ["unzip-worker"]


def test_it_names_every_broken_rule() -> None:
    a_tenant()
    messages = _call("post", body={"contentTypeInputs": None, "keepErrors": 1}).json()["messages"]
    assert [message.partition("]")[0] for message in messages] == ["[NotBlank", "[Type", "[NotEmpty"]


def test_it_has_the_texts_of_an_import() -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    (imported,) = import_items(tenant, a_worker("late")).errors
    (told,) = _call("post", body={"workerType": "late", "contentTypeInputs": ["unzip"]}).json()["messages"]
    assert told == f"{imported}. Allowed: content types that nothing else uses."


def test_it_warns_of_workflows_that_a_change_breaks() -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_workflow(tenant, steps={1: "unzip-worker"})
    answer = _call("put", "/unzip-worker", {"contentTypeInputs": ["unzip"]})
    assert answer.status_code == 200
    assert answer.json()["warnings"][0].startswith("[NullContentTypeOutError - ingest]")


def test_it_deletes_one() -> None:
    a_worker_type(a_tenant())
    answer = _call("delete", "/unzip-worker")
    assert (answer.status_code, answer.content) == (204, b"")
    assert _names() == []


def test_it_keeps_one_that_workflows_need() -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_workflow(tenant, steps={1: "unzip-worker", 2: "unzip-worker"})
    a_workflow(tenant, workflow_type="other", steps={1: "unzip-worker"})
    told = "The worker type unzip-worker is needed by: workflow ingest, workflow other"
    for path in ("/unzip-worker", "/unzip-worker?force=false"):
        answer = _call("delete", path)
        assert (answer.status_code, answer.json()) == (409, {"messages": [told]})
    rels = [link["rel"] for link in _call("get", "/unzip-worker").json()["links"]]
    assert rels == ["self", "list", "update"]


def test_it_deletes_one_that_workflows_need_when_told_to() -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_workflow(tenant, steps={1: "unzip-worker"})
    assert _call("delete", "/unzip-worker?force=true").status_code == 204
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details["neededBy"]) == ("worker_types.deleted", ["workflow ingest"])


def test_it_understands_only_true_and_false() -> None:
    a_worker_type(a_tenant())
    answer = _call("delete", "/unzip-worker?force=perhaps")
    assert answer.status_code == 400
    assert answer.json() == {"messages": ["Parameter force=perhaps is refused: true or false is expected"]}


def test_it_leaves_a_trace_of_each_change() -> None:
    a_tenant()
    _call("post", body=_UNZIP)
    _call("put", "/unzip-worker", {"contentTypeInputs": ["zip"]})
    _call("put", "/unzip-worker", {"contentTypeInputs": []})
    _call("delete", "/unzip-worker")
    trail = list(AuditEntry.objects.order_by("pk"))
    assert [(entry.action, entry.target, entry.actor, entry.tenant) for entry in trail] == [
        (f"worker_types.{verb}", "unzip-worker", "ada", "demo") for verb in ("created", "updated", "deleted")
    ]
    assert trail[1].details["earlier"] == _UNZIP
    assert trail[1].details["value"]["contentTypeInputs"] == ["zip"]


def test_it_checks_without_a_change() -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    answer = _call("post", "/validate", {"workerType": "late", "contentTypeInputs": ["unzip", "a"]})
    (fault,) = answer.json()["faults"]
    assert (answer.status_code, answer.json()["valid"]) == (200, False)
    assert fault == {
        "field": "contentTypeInputs",
        "text": _IN_USE,
        "allowed": "content types that nothing else uses",
        "clashes": True,
    }
    good = _call("post", "/validate", {"workerType": "unzip-worker", "contentTypeInputs": ["zip"]})
    assert good.json() == {"valid": True, "faults": [], "warnings": []}
    assert _call("get", "/unzip-worker").json()["content"] == _UNZIP
    assert _names() == ["unzip-worker"]
    assert AuditEntry.objects.count() == 0


def test_it_warns_beforehand_of_workflows_that_a_change_breaks() -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_workflow(tenant, steps={1: "unzip-worker"})
    verdict = _call("post", "/validate", {"workerType": "unzip-worker", "contentTypeInputs": ["a"]}).json()
    assert (verdict["valid"], len(verdict["warnings"])) == (True, 1)


@pytest.mark.parametrize(
    ("verb", "path", "role", "status"),
    [
        ("get", "", Role.EXPLOIT, 200),
        ("get", "", Role.REGISTERED_USER, 403),
        ("get", "/unzip-worker", Role.EXPLOIT, 200),
        ("get", "/unzip-worker", Role.REGISTERED_USER, 403),
        ("post", "", Role.EXPLOIT, 403),
        ("put", "/unzip-worker", Role.EXPLOIT, 403),
        ("delete", "/unzip-worker", Role.EXPLOIT, 403),
        ("post", "/validate", Role.EXPLOIT, 403),
        ("post", "/validate", Role.ADMIN, 200),
    ],
)
def test_it_asks_for_the_role(verb: str, path: str, role: Role, status: int) -> None:
    a_worker_type(a_tenant())
    body = None if verb in {"get", "delete"} else _UNZIP
    assert _call(verb, path, body, role=role).status_code == status


def test_it_keeps_tenants_apart() -> None:
    a_worker_type(a_tenant())
    a_tenant(name="other")
    assert _names(tenant="other") == []
    assert _call("delete", "/unzip-worker", tenant="other").status_code == 404
    assert _call("put", "/unzip-worker", _UNZIP, tenant="other").status_code == 404
    assert _call("post", body=_UNZIP, tenant="other").status_code == 201
    assert _call("delete", "/unzip-worker", tenant="other").status_code == 204
    assert _names() == ["unzip-worker"]
