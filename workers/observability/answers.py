"""What a process tells about itself over HTTP, by path; the same for every process of platform and fleets.

``/livez``, ``/readyz`` and ``/metrics``, and the names that the reference has for them under ``/actuator/``.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from workers.observability.readiness import CheckResult, CheckStatus, Readiness
from workers.observability.version import VERSION

#: The paths that need a token, if there is one.
MEASURES: Final = frozenset({"/metrics", "/actuator/prometheus"})
MEASURES_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_HEALTH_OF_CHECK: Final = {
    CheckStatus.PASSED: "UP",
    CheckStatus.WARNED: "UP",
    CheckStatus.FAILED: "DOWN",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to a probe."""

    status: HTTPStatus
    body: bytes
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The health of a process in the words of the reference."""

    readiness: Readiness
    #: Why the process is out of service though it could work; ``None`` when it is in service.
    out_of_service: str | None = None

    @property
    def status(self) -> str:
        """``UP``, ``DOWN`` or ``OUT_OF_SERVICE``."""
        if not self.readiness.ready:
            return "DOWN"
        return "UP" if self.out_of_service is None else "OUT_OF_SERVICE"

    def to_json(self) -> dict[str, Any]:
        """Return the status and that of each component, with details."""
        components = {check.name: _component(check) for check in self.readiness.checks}
        if self.out_of_service is not None:
            components["maintenance"] = {
                "status": "OUT_OF_SERVICE",
                "details": {"reason": self.out_of_service},
            }
        return {"status": self.status, "components": components}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A process that can be probed."""

    name: str
    #: Can it work now?
    health: Callable[[], Health]
    #: Its measures, as Prometheus reads them.
    measures: Callable[[], bytes]
    #: What a caller of the measures must show; empty: nothing.
    token: str = ""
    #: Why nothing but a new start will help; ``None`` while the process gets on.
    halted: Callable[[], str | None] = lambda: None


def answer(probed: Probed, *, path: str, authorization: str | None) -> Answer | None:
    """Answer a probe; ``None`` when the path is none of ours."""
    name = path.rstrip("/")
    if name == "/livez":
        reason = probed.halted()
        told = {"alive": True} if reason is None else {"alive": False, "reason": reason}
        return json_answer(told, good=reason is None)
    if name == "/readyz":
        readiness = probed.health().readiness
        return json_answer(readiness.to_json(), good=readiness.ready)
    if name == "/actuator/health":
        return health_answer(probed.health())
    if name == "/actuator/info":
        return json_answer(info(probed.name))
    if name in MEASURES:
        return _measures(probed, authorization)
    return None


def _measures(probed: Probed, authorization: str | None) -> Answer:
    if not shows(probed.token, authorization):
        return _words(HTTPStatus.UNAUTHORIZED, "The measures need the bearer token of METRICS_TOKEN")
    return Answer(status=HTTPStatus.OK, body=probed.measures(), content_type=MEASURES_TYPE)


def health_answer(health: Health) -> Answer:
    """Return health as an answer: 200 when ``UP``, else 503."""
    return json_answer(health.to_json(), good=health.status == "UP")


def info(name: str) -> dict[str, Any]:
    """Return what ``/actuator/info`` tells."""
    return {"app": {"name": name, "version": VERSION}}


def json_answer(content: dict[str, Any], *, good: bool = True) -> Answer:
    """Return an answer with a JSON body: 200 when ``good``, else 503."""
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status=status, body=json.dumps(content).encode())


def not_found() -> Answer:
    """Return the answer to a path that is none of ours."""
    return _words(HTTPStatus.NOT_FOUND, "There is /livez, /readyz, /metrics, and their names under /actuator")


def shows(token: str, authorization: str | None) -> bool:
    """Whether a header ``Authorization`` shows the token; without a token nothing needs to be shown."""
    return not token or hmac.compare_digest((authorization or "").encode(), f"Bearer {token}".encode())


def _words(status: HTTPStatus, message: str) -> Answer:
    return Answer(status=status, body=json.dumps({"messages": [message]}).encode())


def _component(check: CheckResult) -> dict[str, Any]:
    details = {"reason": check.reason, "durationMs": round(check.seconds * 1000, 1)}
    return {"status": _HEALTH_OF_CHECK[check.status], "details": details}
