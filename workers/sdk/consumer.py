"""Celery's consumer, extended: raw messages become managed requests beside Celery's own tasks."""

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from amqp.exceptions import PreconditionFailed, ResourceLocked
from celery import bootsteps
from celery.exceptions import WorkerShutdown
from celery.worker import state
from celery.worker.consumer.consumer import STOP_CONDITIONS
from celery.worker.consumer.tasks import Tasks
from vine import promise

from workers.contract import headers as header_names
from workers.contract import names
from workers.contract.errors import MalformedMessage
from workers.contract.wire import Wire
from workers.contract.work_answer import AnswerStatus
from workers.garbage import spare_what_is_loaded
from workers.sdk import child_pool, handing_back, process, redelivery, topology
from workers.sdk.answers import Answers, ConfirmedAnswers, DirectAnswers
from workers.sdk.bulks import Bulks
from workers.sdk.cancellations import Cancellations
from workers.sdk.fleet import Fleet
from workers.sdk.health import Vitals, answer_probes
from workers.sdk.intake import Intake, ManagedWork
from workers.sdk.long_work import LongWork
from workers.sdk.managed import Desk, ManagedRequest
from workers.sdk.metrics import CANCELED, count_task
from workers.sdk.outgoing import Outgoing
from workers.sdk.progress import Progress
from workers.sdk.pulse import Pulse
from workers.sdk.retirement import Retirement
from workers.sdk.stored_contents import StoredContents
from workers.transport.patient_consumer import PatientConsumer

_PREFORK: Final = "celery.concurrency.prefork"

#: Rather more objects than a turn of the loop makes and lets go of by itself.
_OBJECTS_OF_A_TURN: Final = 10_000
#: Seconds after which an idle loop turns.
_TURN: Final = 0.25

_log: Final = logging.getLogger(__name__)


class AnswersStep(bootsteps.StartStopStep):
    """Gives each new connection to the answers, starts the pulse, and lets nothing unanswered behind."""

    requires = (Tasks,)
    _awake: Any = None
    _tick: Callable[[], None] | None = None

    def start(self, consumer: "WorkConsumer") -> None:
        """Send what waited for the connection; the process is alive from now on."""
        if consumer.hub is not None:
            self._take_turns(consumer)
        consumer.answers.open(consumer.connection)
        consumer.long_work.reconnected()
        if not consumer.pulse.is_alive():
            spare_what_is_loaded(begin_after=_OBJECTS_OF_A_TURN)
            consumer.pulse.start()
            consumer.cancellations.start()

    def _take_turns(self, consumer: Any) -> None:
        connection, hub = consumer.connection.connection, consumer.hub
        connection.take_turns(watched=consumer.runs_in_the_loop)
        hub.on_tick.discard(self._tick)
        # Other threads and processes finish work as well, whatever the socket does.
        self._tick = partial(connection.tick, consumer.connection.transport, hub)
        hub.on_tick.add(self._tick)
        if self._awake is not None:
            # Celery has cancelled it with the connection before, but for some ways to lose one.
            self._awake.cancel()
        # The loop looks at a request to stop when it turns, and an idle one would sleep for ten seconds.
        self._awake = hub.call_repeatedly(_TURN, self._turned(consumer))

    def stop(self, consumer: "WorkConsumer") -> None:
        """Let the connection go, unless this is the end: then the pool still has to finish."""
        consumer.progress.rest()
        if consumer.connection is None:
            consumer.answers.close()
        elif consumer.blueprint.state in STOP_CONDITIONS:
            consumer.take_no_more()

    def _turned(self, consumer: "WorkConsumer") -> Callable[[], None]:
        if consumer.runs_in_the_loop:
            # A turn takes as long as the work.
            return lambda: None
        consumer.progress.turned()
        return consumer.progress.turned

    def shutdown(self, consumer: "WorkConsumer") -> None:
        """Wait until the last answers are confirmed."""
        consumer.pulse.stop()
        consumer.cancellations.stop()
        consumer.flush()
        consumer.answers.close()


class WorkConsumer(PatientConsumer):
    """Consumes both queues of each worker type."""

    fleet: Fleet
    connection_errors: tuple[type[Exception], ...]
    channel_errors: tuple[type[Exception], ...]
    hub: Any
    on_task_request: Callable[[Any], None]
    #: Another process had the name of this one when it last connected.
    _has_a_rival = False

    class Blueprint(PatientConsumer.Blueprint):  # type: ignore[misc,valid-type]  # a class for Celery
        """Celery's steps and ours."""

        default_steps = (*PatientConsumer.Blueprint.default_steps, AnswersStep)

    def __init__(self, *args: Any, **options: Any) -> None:
        # Celery's own chatter between workers: the heartbeats of the contract say it all.
        options |= {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}
        app, hub, pool = options["app"], options["hub"], options["pool"]
        self.fleet = app.fleet
        one_by_one = any(entry.length.may_be_long for entry in self.fleet.types)
        _make_room(options, prefetch=self.fleet.config.prefetch, at_most=1 if one_by_one else None)
        #: The pool runs requests in the thread of the event loop, one at a time.
        self.runs_in_the_loop = type(pool).__module__ == "celery.concurrency.solo"
        if getattr(pool, "limit", 0) == 1 and self.runs_in_the_loop:
            # A busy solo pool cannot beat: the broker would take the worker for dead. TCP watches instead.
            options["amqheartbeat"] = 0
            # It runs one request at a time, whatever concurrency was asked for.
            options["initial_prefetch_count"] = options["prefetch_multiplier"]
        self._thread = threading.get_ident()
        self.answers: Answers = (
            ConfirmedAnswers(hub=hub) if hub else DirectAnswers(connect=app.connection_for_write)
        )
        self._desk = Desk(
            answers=self.answers,
            in_hand={},
            always_running=not self.fleet.config.running_after,
            settle=self.call_soon_ack,
            retirement=self._retirement(options["controller"], pool),
        )
        self._intake = Intake(types=[entry.name for entry in self.fleet.types])
        self._lengths = {entry.name: entry.length for entry in self.fleet.types}
        self._contents = StoredContents.of(self.fleet.config)
        super().__init__(*args, **options)
        if hub:
            child_pool.read_to_the_end_before_reset(pool=pool, hub=hub)
        self._collect(hub)
        self._watch(app, pool)

    def _collect(self, hub: Any) -> None:
        """See to requests that do not go to the pool as they come."""
        sizes = {entry.name: entry.bulk for entry in self.fleet.types if entry.bulk > 1}
        self._bulks = (
            Bulks(sizes=sizes, start=self.on_task_request, soon=self.call_soon, more=self._more_has_come)
            if sizes
            else None
        )
        self.long_work = LongWork(
            # The embedded broker leaves a message with whoever has it.
            impatient=bool(hub),
            concurrency=self._concurrency,
            room=self._have_no_more_sent_than,
            start=self.on_task_request,
            stopping=self._stopping,
            give_back=self._give_back,
            soon=hub.call_soon if hub else self.call_soon,
        )

    def _watch(self, app: Any, pool: Any) -> None:
        """Tell managers, operators and probes how the process is."""
        self.progress = Progress(
            in_hand=self._desk.in_hand,
            concurrency=self._concurrency,
            stall=self.fleet.config.stall,
        )
        self.pulse = Pulse(
            config=self.fleet.config,
            types=self.fleet.types,
            announcer=self.fleet.announcer,
            in_hand=self._desk.in_hand,
            concurrency=self._concurrency,
            halted=self.progress.halted,
            pace=self._desk.pace,
        )
        self.cancellations = Cancellations(
            app=app,
            config=self.fleet.config,
            in_hand=self._desk.in_hand,
            kill=self._kill if type(pool).__module__ == _PREFORK else None,
        )
        answer_probes(
            config=self.fleet.config,
            types=[entry.name for entry in self.fleet.types],
            vitals=Vitals(
                connected=lambda: self.connection is not None and self.connection.connected,
                beaten_at=lambda: self.pulse.beaten_at,
                running=lambda: [
                    one.work.worker_type for one in list(self._desk.in_hand.values()) if one.running
                ],
                overdue=self.progress.overdue,
                halted=self.progress.halted,
                has_a_rival=lambda: self._has_a_rival,
            ),
        )

    @property
    def in_hand(self) -> Mapping[str, ManagedRequest]:
        """The managed requests that are not done with, by id."""
        return self._desk.in_hand

    def _concurrency(self) -> int:
        """Return how many requests the pool runs at a time.

        Asked for each time: a prefork pool has no size before it starts, and may be resized.
        """
        return int(self.pool.num_processes)

    def _retirement(self, program: Any, pool: Any) -> Retirement | None:
        """Return the limits of this process, where it has no children that are replaced instead."""
        tasks, kibibytes = program.max_tasks_per_child or 0, program.max_memory_per_child or 0
        if type(pool).__module__ == _PREFORK or not (tasks or kibibytes):
            return None
        return Retirement(most_tasks=tasks, most_bytes=1024 * kibibytes, stop=self.fleet.stopping.ask)

    def connect(self) -> Any:
        """Connect, and declare what the contract says a worker declares."""
        connection = super().connect()
        try:
            topology.declare(
                channel=connection.default_channel, types=[entry.name for entry in self.fleet.types]
            )
        except PreconditionFailed as error:
            _log.critical("an exchange or queue exists with other arguments than the contract's: %s", error)
            raise WorkerShutdown(1) from error
        return connection

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Say what it means that a queue of this process is somebody else's, and try again later."""
        if isinstance(exc, ResourceLocked):
            self._has_a_rival = True
            _log.error(
                "another process has the same WORKER_ID, %s: this one waits until it is gone",
                self.fleet.config.worker_id,
                extra={"action": "worker.rival"},
            )
        super().on_connection_error_after_connected(exc)

    def on_close(self) -> None:
        """Clear what Celery clears when a connection is lost, but for managed requests."""
        requests = list(self._desk.in_hand.values())
        with child_pool.kept(pool=self.pool, semaphore=self.controller.semaphore, requests=requests):
            super().on_close()

    def _stopping(self) -> bool:
        return self.blueprint.state in STOP_CONDITIONS

    def create_task_handler(self, promise: Any = promise) -> Callable[[Any], None]:
        """Return the function that takes every message."""
        celery_task = super().create_task_handler(promise)
        self._has_a_rival = False

        def on_message(message: Any) -> None:
            stopping = self._stopping()
            try:
                work = self._intake.read(message)
            except MalformedMessage as error:
                self.refuse(message, reason=str(error))
                return
            if work is not None and not (stopping and work.redelivered):
                self._take(message, work, begin=not stopping)
            elif not stopping:
                celery_task(message)

        return on_message

    def call_soon_ack(self, p: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Acknowledge at once in the loop's own thread.

        Celery would do it when the loop turns next, and the loop first waits for the socket: with a
        prefetch of one the next message then comes only after a time-out.
        """
        if self.hub is None or threading.get_ident() == self._thread:
            return p(*args, **kwargs)
        return self.call_soon(p, *args, **kwargs)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Dead-letter what cannot be decoded; Celery would drop it."""
        self.refuse(message, reason=f"The message cannot be decoded: {exc}")

    def refuse(self, message: Any, *, reason: str) -> None:
        """Dead-letter a message: by the broker where it can, else by a copy that says why."""
        _log.warning("request refused: %s", reason, extra={"action": "request.refused"})
        if self.hub is not None:
            message.reject_log_error(_log, self.connection_errors)
            return
        copy = Wire(
            headers={**message.headers, header_names.STACKTRACE: reason},
            body=message.body if isinstance(message.body, bytes) else str(message.body).encode(),
            message_id=message.properties.get("message_id"),
        )
        self.answers.send(
            Outgoing(
                exchange=names.REQUEST_DEAD_LETTERS,
                key="",
                wire=copy,
                confirmed=partial(message.ack_log_error, _log, self.connection_errors),
            )
        )

    def _more_has_come(self) -> bool:
        if self.hub is None:
            return self._takes_another()
        arrivals = self.connection.connection.arrivals if self.connection is not None else None
        return arrivals is not None and arrivals.buffered

    def _takes_another(self) -> bool:
        """Take a message if there is one: without an event loop a turn is one message."""
        if self.connection is None or self._stopping():
            return False
        try:
            self.connection.drain_events(timeout=0)
        except OSError:
            # A time-out: there is none. What else is wrong the loop meets as well.
            return False
        return True

    def take_no_more(self) -> None:
        """Give back to the queues what no work has begun on, while other work goes on."""
        if self.task_consumer is not None:
            # What was on its way comes before the broker's answer.
            with suppress(*self.connection_errors, *self.channel_errors):
                self.task_consumer.cancel()
        child_pool.withdraw_unsent(pool=self.pool, requests=list(self._desk.in_hand.values()))
        for request in list(self._desk.in_hand.values()):
            self._give_back(request)
        self.flush()

    def flush(self) -> None:
        """Wait until the broker has all answers."""
        try:
            confirmed = self.answers.flush(timeout=self.fleet.config.answer_timeout)
        except self.connection_errors as error:
            _log.warning("answers not confirmed (%s); the broker will deliver their requests again", error)
        else:
            if not confirmed:
                _log.warning("answers not confirmed; the broker will deliver their requests again")

    def _give_back(self, request: ManagedRequest) -> None:
        if request.work.redelivered or not request.give_back():
            return
        _log.info("request goes back to its queue", extra={"action": "request.returned"})
        # Its copy may come again before the broker has confirmed it.
        self._desk.in_hand.pop(request.id, None)
        state.task_ready(request)
        self.answers.send(handing_back.returned(request))

    def _have_no_more_sent_than(self, messages: int) -> None:
        if self.task_consumer is None or self._stopping():
            return
        if messages == 0:
            # To the broker, no messages would mean no limit.
            self.task_consumer.cancel()
            return
        self.qos.value = messages
        self.qos.update()
        self.task_consumer.consume()

    def _take(self, message: Any, work: ManagedWork, *, begin: bool) -> None:
        if self._is_here(message, work):
            return
        if self.cancellations.remembers(work.request.dispatch_id):
            _log.info("cancelled request not run", extra={"dispatch_id": work.request.dispatch_id})
            count_task(worker_type=work.worker_type, outcome=CANCELED, seconds=None)
            message.ack_log_error(_log, self.connection_errors)
            return
        request = self._managed(message, work)
        if work.redelivered and work.request.dispatch_id is not None:
            _log.info("redelivered request not run", extra={"dispatch_id": work.request.dispatch_id})
            count_task(worker_type=work.worker_type, outcome=AnswerStatus.REDELIVERED, seconds=None)
            answer = process.runner().worded(work.request, AnswerStatus.REDELIVERED)
            request.send(answer, confirmed=request.acknowledge)
        elif work.redelivered:
            self._take_again(message, work, request)
        elif not begin:
            self._give_back(request)
        elif not request.revoked():
            state.task_reserved(request)
            if not self.long_work.take(request) and not (self._bulks and self._bulks.take(request)):
                self.on_task_request(request)

    def _is_here(self, message: Any, work: ManagedWork) -> bool:
        """Tell whether the dispatch is in hand already; then nothing is left to be done with the message."""
        known = self._desk.in_hand.get(work.request.dispatch_id or "")
        if known is None:
            return False
        if work.redelivered:
            known.take_delivery(message)
        else:
            message.ack_log_error(_log, self.connection_errors)
        return True

    def _take_again(self, message: Any, work: ManagedWork, request: ManagedRequest) -> None:
        """Let a copy that counts take the place of a request whose manager does not."""
        facts = {"action": "request.redelivered", "request_id": work.request.request_id}
        _log.warning("request delivered again: a worker that had it was lost", extra=facts)
        most = self.fleet.config.max_deliveries
        self.answers.send(
            redelivery.counted(message=message, work=work, most=most, confirmed=request.acknowledge)
        )

    def _kill(self, request: ManagedRequest, number: int) -> None:
        """Have the child process that runs a request end."""

        def kill() -> None:
            # Looked at in the loop's own thread: a child gets its next request only after this one.
            # Those of a bulk share a child: the others' work is not ended for one that was cancelled.
            if request.running and request.worker_pid and not request.in_bulk:
                _log.warning("cancelled work is stopped by force", extra={"dispatch_id": request.id})
                self.pool.terminate_job(request.worker_pid, number)

        if self.hub is None:
            kill()
        else:
            self.hub.call_soon(kill)

    def _managed(self, message: Any, work: ManagedWork) -> ManagedRequest:
        name = names.task_name(work.worker_type)
        identity = work.request.dispatch_id or str(uuid.uuid4())
        request = ManagedRequest(
            message,
            on_ack=message.ack_log_error,
            on_reject=partial(self.call_soon_ack, message.reject_log_error),
            app=self.app,
            hostname=self.hostname,
            task=self.app.tasks[name],
            connection_errors=self.connection_errors,
            headers={"id": identity, "task": name, "timelimit": work.time_limits},
            body=((), {}, {}),
            decoded=True,
        )
        request.work, request.desk = work, self._desk
        request.longest = self._lengths[work.worker_type].of(work.request, loaded=self._contents.loaded)
        self._desk.in_hand[identity] = request
        return request


def _make_room(options: dict[str, Any], *, prefetch: int, at_most: int | None) -> None:
    """Take as much in advance as work needs: Celery has read its option before worker types were known."""
    before = options["prefetch_multiplier"]
    wanted = at_most or max(before, prefetch)
    if before == 0 and at_most is None:
        # No limit, as somebody wanted it.
        return
    units = options["initial_prefetch_count"] // before if before else options["controller"].concurrency
    options["initial_prefetch_count"] = units * wanted
    options["prefetch_multiplier"] = wanted
