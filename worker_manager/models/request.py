"""Requests on their way."""

from typing import TYPE_CHECKING, ClassVar, Final

from django.db import models
from django.db.models.functions import Coalesce, Length

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import TenantScopedQuerySet
from worker_manager.states import AWAITING_ANSWER, RequestStatus
from worker_manager.trail import Attempt
from workers.contract.stored_content import Content, StoredContent

if TYPE_CHECKING:
    from worker_manager.forks import Fork


#: What is told of payloads that stay in the table; neither database reads one to tell its length.
_SIZES: Final = {
    "body_size": Coalesce(Length("content"), Length("original_content")),
    "original_size": Length("original_content"),
}


class RequestQuerySet(TenantScopedQuerySet["Request"]):
    """Words to ask for requests."""

    def without_payloads(self) -> "RequestQuerySet":
        """Leave the payloads in the table: they are big, and few readers need them."""
        return self.defer("content", "original_content")

    def weighed(self) -> "RequestQuerySet":
        """Leave the payloads in the table, and tell how large they are, as a dispatch has to know."""
        return self.without_payloads().annotate(**_SIZES)

    def locked(self, *, skip_locked: bool = False) -> "RequestQuerySet":
        """Lock the rows, in the order of their keys, so that two bulks cannot wait for each other."""
        return self.order_by("pk").select_for_update(of=("self",), skip_locked=skip_locked)


class Request(models.Model):
    """One request of a client, from its reception to its end.

    TO_DISPATCH → DISPATCHED → RUNNING → SUCCESS (the row goes), ERROR or INVALID_CONTENT;
    NO_WORKER_AVAILABLE in place of DISPATCHED while no worker of the type is alive, TO_DISPATCH while as
    many are in flight as the type may have (`states.MOVES`).
    """

    # No index of its own: those below begin with the tenant, and each one costs at every move of a request.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: The client's id, unique in a tenant.
    request_id = models.CharField(max_length=255)
    creation_date = models.DateTimeField()
    #: Never changes, also inside a workflow.
    content_type = models.CharField(max_length=255)
    source = models.CharField(max_length=255)
    session = models.CharField(max_length=255)
    status = models.CharField(max_length=20, choices=RequestStatus.choices)
    #: Worker type of the last dispatch; empty again when a workflow goes on.
    dispatched_worker_type = models.CharField(max_length=128, null=True)  # noqa: DJ001 (absent is not empty)
    step_number = models.IntegerField(default=0)
    #: Rounds of the loop that the step is in that were before; 0 outside of loops.
    repeats = models.IntegerField(default=0, db_default=0)
    #: Worker type that the current step needs; unknown while nothing is configured for the content type.
    step_worker_type = models.CharField(max_length=128, null=True)  # noqa: DJ001 (absent is not empty)
    #: The plan of the first dispatch (`workflow_plan.Plan.to_json`); unknown before it.
    plan = models.JSONField(null=True)
    #: Payload of the current step; ``None`` while it is the client's own body.
    content = models.BinaryField(null=True)
    #: Where that payload is, when it is not here (`StoredContent.to_json`); ``content`` is empty then.
    stored_content = models.JSONField(null=True)
    original_content = models.BinaryField()
    #: SHA-256 of the client's body: tells a redelivered request from a reused id.
    digest = models.BinaryField(max_length=32)
    #: Additional headers for the current step.
    headers = models.JSONField(null=True)
    error = models.TextField(null=True)  # noqa: DJ001 (absent is not empty)
    #: Dispatches so far, over all steps; answers of older ones are dropped.
    attempt = models.IntegerField(default=0)
    #: Dispatch id of the step before, whose answer started this one.
    parent_dispatch = models.CharField(max_length=64, null=True)  # noqa: DJ001 (absent is not empty)
    #: Attempts at the current step that failed; those that a worker postponed did not.
    lost_attempts = models.IntegerField(default=0)
    #: Whether the last dispatch was a Celery task message, whose answers always name their dispatch.
    dispatched_to_celery = models.BooleanField(default=False)
    #: When to dispatch, for ``TO_DISPATCH``; one without is held until there is a place (`flow_queries`).
    due_at = models.DateTimeField(null=True)
    #: The client's, 0 to 255; of the held requests of a tenant, higher ones go first.
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: Last dispatch or sign of life of the worker.
    moved_at = models.DateTimeField()
    #: When the watchdog ends the attempt; unknown when a manager of the release before dispatched it.
    deadline_at = models.DateTimeField(null=True)
    #: Instance that said it runs the request, where known.
    worker_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 (absent is not empty)
    #: What spans to come need to know (`trace_stamps.Stamp`); empty while tracing is off.
    trace = models.TextField(null=True, editable=False)  # noqa: DJ001 (absent is not empty)
    #: What became of each dispatch (`trail.Trail`).
    trail = models.TextField(default="", db_default="", editable=False)

    #: The branches of a request that is at a parallel step, while it is locked; not stored here.
    fork: "Fork | None" = None
    #: The request that this one is a branch of: it numbers the dispatches. Branches are stored by themselves.
    trunk: "Request | None" = None
    #: Bytes of the payload of the current step that are in the table; ``None`` when it is in memory.
    body_size: int | None = None
    #: Bytes of the client's own body, where it was asked for; not stored here.
    original_size: int | None = None
    #: Whoever gets the last dispatch reads stored contents itself; not stored here.
    by_reference: bool = False
    #: The stored content that was read for whoever does not; not stored here.
    read_content: bytes = b""
    #: Attempts that ended since the request was read, for those who count them; not stored here.
    ended_attempts: tuple[Attempt, ...] = ()

    objects: ClassVar[models.Manager["Request"]] = RequestQuerySet.as_manager()

    class Meta:
        db_table = "workermanager_request"
        constraints = (
            models.UniqueConstraint(fields=("tenant", "request_id"), name="uk_request_id"),
            models.CheckConstraint(
                condition=models.Q(status__in=RequestStatus.values), name="ck_request_status"
            ),
        )
        indexes = (
            # With the tenant: what is in flight is counted by worker type and tenant, in this index alone.
            models.Index(fields=("status", "step_worker_type", "tenant"), name="ix_request_flow"),
            models.Index(
                fields=("step_worker_type", "tenant", "content_type", "-priority", "id"),
                condition=models.Q(status=RequestStatus.TO_DISPATCH.value, due_at__isnull=True),
                name="ix_request_held",
            ),
            models.Index(
                fields=("deadline_at",),
                condition=models.Q(status__in=[status.value for status in sorted(AWAITING_ANSWER)]),
                name="ix_request_deadline",
            ),
            models.Index(
                fields=("due_at",),
                condition=models.Q(status=RequestStatus.TO_DISPATCH.value),
                name="ix_request_due",
            ),
            models.Index(fields=("tenant", "content_type"), name="ix_request_content_type"),
            models.Index(fields=("tenant", "source", "session"), name="ix_request_session"),
            models.Index(fields=("tenant", "creation_date"), name="ix_request_creation"),
        )

    def __str__(self) -> str:
        return self.request_id

    def count_attempt(self) -> None:
        """Number the next dispatch; those of all branches are numbered together."""
        counter = self.trunk or self
        counter.attempt += 1
        self.attempt = counter.attempt

    def take(self, content: Content) -> None:
        """Have another payload: that of the next step, or what a branch has made."""
        self.body_size = None
        if isinstance(content, StoredContent):
            self.content, self.stored_content = b"", content.to_json()
        else:
            self.content, self.stored_content = content, None

    @property
    def stored_payload(self) -> StoredContent | None:
        """Where the payload of the current step is, when it is not in the row; a branch has its request's."""
        stored = (self.trunk or self).stored_content
        return None if stored is None else StoredContent.from_json(stored)

    @property
    def body(self) -> bytes:
        """The payload of the current step, unless it is stored."""
        return bytes(self.original_content if self.content is None else self.content)

    @property
    def dispatch_id(self) -> str:
        """What the last dispatch is called on the wire; never the same twice."""
        return f"{self.id}:{self.step_number}:{self.attempt}"
