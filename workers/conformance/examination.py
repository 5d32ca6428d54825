"""Examines a worker of any language against the contract, point by point."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from amqp.exceptions import PreconditionFailed

from workers.conformance import rules
from workers.conformance.heard import Heard
from workers.conformance.played_manager import PlayedManager
from workers.conformance.verdict import Outcome, Verdict
from workers.contract.work_answer import AnswerStatus

#: Headers that are none of the contract's: of every kind, and with names that libraries use for themselves.
_FOREIGN: Final[Mapping[str, object]] = {
    "acme.colour": "blue",
    "acme.count": 3,
    "acme.ready": True,
    "acme.nothing": None,
    "acme.table": {"a": "b"},
    "acme.day": datetime(2025, 1, 1, tzinfo=UTC),
    "task": "acme",
    "id": "acme",
    "lang": "de",
    "x-acme": "kept",
}
_NO_JSON: Final = b"\xff\xfe\x00 no JSON"
_AT_ONCE: Final = 10
#: Heartbeats of one instance that are enough to see its period.
_BEATS: Final = 3
#: How long is listened for what should not come.
_SILENCE: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Bodies of requests that the worker type understands."""

    good: bytes
    #: ``None``: nobody said what it refuses.
    invalid: bytes | None


@dataclass(slots=True, kw_only=True)
class Examination:
    """One examination of one worker type."""

    manager: PlayedManager
    worker_type: str
    tenant: str
    contents: Contents
    #: Seconds that the worker gets for each answer, and to beat.
    timeout: float
    beat_timeout: float
    _mark: str = field(default_factory=lambda: secrets.token_hex(4))
    _tenants: dict[str, str] = field(default_factory=dict)

    def verdicts(self) -> Iterator[Verdict]:
        """Yield a verdict for each point; the rest is left out when the worker cannot even be reached."""
        declared = self.manager.worker_has_declared()
        try:
            self.manager.declare()
        except PreconditionFailed as error:
            yield Verdict(_QUEUE, Outcome.WRONG, f"it exists with other arguments: {error.reply_text}")
            return
        yield Verdict.of(
            _QUEUE, [] if declared else ["it did not exist"], seen="it exists with these arguments"
        )
        yield from self._heartbeats()
        yield self._good(_GOOD, "good", self.contents.good)
        yield self._good(_TENANT, "tenant", self.contents.good, tenant="conformance-other")
        yield self._good(_HEADERS, "headers", self.contents.good, others=_FOREIGN)
        yield self._refused()
        yield self._survived("no-json", _NO_JSON, _UNREADABLE)
        yield self._survived("empty", b"", _EMPTY)
        yield self._redelivered()
        yield self._at_once()
        yield self._answers()

    def _heartbeats(self) -> Iterator[Verdict]:
        manager = self.manager
        manager.wait(lambda: len(self._beats()) >= _BEATS, timeout=self.beat_timeout)
        beats = self._beats()
        if not beats:
            yield Verdict(_BEAT, Outcome.WRONG, f"none came in {self.beat_timeout:g} s")
            return
        now = datetime.now(UTC)
        faults = [
            fault
            for beat in beats
            for fault in rules.heartbeat_faults(beat, worker_type=self.worker_type, now=now)
        ]
        yield Verdict.of(_BEAT, faults, seen=f"{len(beats)} came")
        times = [beat.at for beat in beats]
        if len(times) < _BEATS - 1:
            yield Verdict(_PERIOD, Outcome.WRONG, f"one came in {self.beat_timeout:g} s")
        else:
            seen = f"{rules.longest_pause(times):.1f} s at most"
            yield Verdict.of(_PERIOD, rules.pause_faults(times), seen=seen)

    def _beats(self) -> list[Heard]:
        """Return the heartbeats of the instance that was heard first, if there are several."""
        beats = self.manager.beats
        return [beat for beat in beats if rules.instance_of(beat) == rules.instance_of(beats[0])]

    def _good(
        self,
        rule: str,
        name: str,
        body: bytes,
        *,
        tenant: str | None = None,
        others: Mapping[str, object] | None = None,
    ) -> Verdict:
        request_id = self._send(name, body, tenant=tenant, others=others)
        self._await(request_id)
        return Verdict.of(rule, self._not_ended(request_id, AnswerStatus.SUCCESS), seen="SUCCESS")

    def _refused(self) -> Verdict:
        if self.contents.invalid is None:
            return Verdict(_INVALID, Outcome.OPEN, "give a content that it refuses with --invalid")
        request_id = self._send("invalid", self.contents.invalid)
        self._await(request_id)
        faults = self._not_ended(request_id, AnswerStatus.INVALID_CONTENT)
        return Verdict.of(_INVALID, faults, seen="INVALID_CONTENT")

    def _survived(self, name: str, body: bytes, rule: str) -> Verdict:
        """Whatever a body holds, its request ends, and the next one is answered."""
        first, second = self._send(name, body), self._send(f"after-{name}", self.contents.good)
        self._await(first, second)
        faults = [] if self._end(first) else ["it got neither an answer nor a dead letter"]
        faults += [f"the next request: {one}" for one in self._not_ended(second, AnswerStatus.SUCCESS)]
        return Verdict.of(rule, faults, seen=f"{self._end(first)}, and the next one SUCCESS")

    def _redelivered(self) -> Verdict:
        sent: list[str] = []
        count = self.manager.redeliver(
            send=lambda number: sent.append(self._send(f"again-{number}", self.contents.good))
        )
        self._await(*sent)
        if count is None:
            return Verdict(_AGAIN, Outcome.OPEN, "the worker was always faster than this examination")
        faults = [
            f"{name}: it got neither an answer nor a dead letter" for name in sent if not self._end(name)
        ]
        return Verdict.of(_AGAIN, faults, seen=f"{self._end(sent[-1])}")

    def _at_once(self) -> Verdict:
        sent = [self._send(f"at-once-{number}", self.contents.good) for number in range(_AT_ONCE)]
        self._await(*sent)
        # An answer too many would come now.
        self.manager.wait(lambda: False, timeout=_SILENCE)
        faults = [fault for name in sent for fault in self._not_ended(name, AnswerStatus.SUCCESS)]
        return Verdict.of(_EACH, faults, seen=f"{_AT_ONCE} of {_AT_ONCE}")

    def _answers(self) -> Verdict:
        """Judge the form of every answer that came."""
        ours = [answer for answer in self.manager.answers if str(answer.request_id) in self._tenants]
        strangers = len(self.manager.answers) - len(ours)
        faults = [
            fault
            for answer in ours
            for fault in rules.answer_faults(answer, tenant=self._tenants[str(answer.request_id)])
        ]
        faults += [f"{strangers} answers name no request of these"] if strangers else []
        return Verdict.of(_FORM, faults, seen=f"{len(ours)} answers")

    def _send(
        self,
        name: str,
        body: bytes,
        *,
        tenant: str | None = None,
        others: Mapping[str, object] | None = None,
    ) -> str:
        request_id = f"conformance-{self._mark}-{name}"
        self._tenants[request_id] = tenant or self.tenant
        self.manager.send(request_id, body=body, tenant=tenant or self.tenant, others=others)
        return request_id

    def _await(self, *request_ids: str) -> None:
        until = time.monotonic() + self.timeout
        for request_id in request_ids:
            left = max(until - time.monotonic(), 0.0)
            self.manager.wait(self._has_ended(request_id), timeout=left)

    def _has_ended(self, request_id: str) -> Callable[[], bool]:
        return lambda: self._end(request_id) is not None

    def _end(self, request_id: str) -> str | None:
        """Return how a request ended: the status of its last answer, or as a dead letter."""
        ends = self._ends(request_id)
        return ends[0] if ends else None

    def _ends(self, request_id: str) -> list[str]:
        answers = [rules.status_of(one) for one in self.manager.answers if one.request_id == request_id]
        ends = [status for status in answers if status not in {None, AnswerStatus.RUNNING}]
        dead = [one for one in self.manager.dead_letters if one.request_id == request_id]
        return [*map(str, ends), *("dead letter" for _ in dead)]

    def _not_ended(self, request_id: str, wanted: AnswerStatus) -> list[str]:
        ends = self._ends(request_id)
        if not ends:
            return [f"no answer in {self.timeout:g} s"]
        return [] if ends == [wanted] else [f"{wanted} once was expected, got {', '.join(ends)}"]


_QUEUE: Final = "declares exchange and queue regards.worker.<type>.request with the contract's arguments"
_BEAT: Final = "sends heartbeats with id, type, heartBeatDate and the header regards.tenant"
_PERIOD: Final = f"beats several times in the {rules.EXPIRES_AFTER} s after which managers forget it"
_GOOD: Final = "answers a good request with SUCCESS, once"
_TENANT: Final = "serves every tenant, and names that of the request"
_HEADERS: Final = "does not stumble over headers that it does not know"
_INVALID: Final = "answers a content that can never be processed with INVALID_CONTENT"
_UNREADABLE: Final = "ends a request whose body is no JSON, and goes on"
_EMPTY: Final = "ends a request whose body is empty, and goes on"
_AGAIN: Final = "ends a request that the broker delivers again"
_EACH: Final = "answers each of many requests at once, and none twice"
_FORM: Final = "answers in the form of the contract: exchange, headers, status, messages, content"
