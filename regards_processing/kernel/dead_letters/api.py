"""Dead letters: look at them, replay them, drop them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.urls import URLPattern
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.topology import dead_letter_queues
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.dead_letters import queries, report, services
from regards_processing.kernel.dead_letters.choice import LOOKED_AT, Choice
from regards_processing.kernel.dead_letters.description import IDENTITY_LENGTH, DeadLetter
from regards_processing.kernel.dead_letters.errors import NoSuchDeadLetter
from regards_processing.kernel.rest.entities import entity
from regards_processing.kernel.rest.fields import DateField, TextField
from regards_processing.kernel.rest.openapi import ErrorsSerializer, page_parameters
from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting
from regards_processing.kernel.rest.parameters import whole_number
from regards_processing.kernel.rest.reach import TENANT, ReachingEndpoint
from regards_processing.kernel.rest.routes import route
from regards_processing.kernel.rest.services import Service
from regards_processing.kernel.rest.shapes import LinkSerializer, PageMetadataSerializer, entity_of, list_of
from workers.contract.headers import MAX_LENGTH

#: Seconds that one call looks through a queue.
PATIENCE: Final = 15.0
#: Bytes of a body that a list shows, and the most that are shown at all.
_GLIMPSE: Final = 200
_MOST: Final = 100_000
_MAX_IDS: Final = 1000
_SORTING: Final = Sorting(fields={"position": "position"}, default="position,asc")
_LIMITS: Final = (
    f"A call looks at the next {LOOKED_AT} messages of a queue, for {PATIENCE:g} seconds at most; `complete` "
    "says whether those were all. Callers see the messages of their tenant, callers above tenants see all."
)
_QUEUES: Final = ", ".join(f"`{spec.name}`" for spec in dead_letter_queues())
_QUEUE: Final = OpenApiParameter("queue", str, description=f"One of {_QUEUES}; all of them without it")
_AWAY: Final = OpenApiResponse(ErrorsSerializer, description="The broker is away: call again to go on")
_UNKNOWN: Final = OpenApiResponse(ErrorsSerializer, description="There is no such queue of dead letters")


class DeadLetterSerializer(serializers.Serializer[Any]):
    """A message that nobody could handle."""

    id = serializers.CharField(
        source="letter.identity", help_text="Stays, and is the same for equal messages"
    )
    queue = serializers.CharField(help_text="The queue that keeps it")
    position = serializers.IntegerField(
        source="letter.position", help_text="1 for the next message of the queue"
    )
    reason = serializers.CharField(source="letter.reason")
    diedIn = serializers.CharField(  # noqa: N815 (ours, like the others)
        source="letter.died_in",
        required=False,
        help_text="The queue in which it died, and to which a replay takes it",
    )
    exchange = serializers.CharField(
        source="letter.exchange", required=False, help_text="The exchange that first took it"
    )
    diedAt = DateField(source="letter.died_at", required=False)  # noqa: N815 (likewise)
    sentAt = DateField(source="letter.sent_at", required=False)  # noqa: N815 (likewise)
    age = serializers.IntegerField(required=False, help_text="Seconds since it died, or else was sent")
    tenant = serializers.CharField(source="letter.tenant", required=False, help_text="As the message says")
    requestId = serializers.CharField(source="letter.request_id", required=False)  # noqa: N815 (likewise)
    contentType = serializers.CharField(source="letter.content_type", required=False)  # noqa: N815 (likewise)
    bytes = serializers.IntegerField(source="letter.size", help_text="Of the body")
    excerpt = serializers.CharField(help_text="The beginning of the body; what is no text is escaped")


class WholeDeadLetterSerializer(DeadLetterSerializer):
    """A message that nobody could handle, with all that it came with."""

    headers = serializers.DictField()
    properties = serializers.DictField(help_text="By their names in AMQP")


class DeadLettersOrderSerializer(serializers.Serializer[Any]):
    """Which messages of a queue are meant: all conditions must hold."""

    queue = TextField(allow_blank=False, max_length=MAX_LENGTH, help_text=f"One of {_QUEUES}")
    ids = serializers.ListField(
        child=serializers.RegexField(f"^[0-9a-f]{{{IDENTITY_LENGTH}}}$"),
        required=False,
        allow_null=True,
        allow_empty=False,
        max_length=_MAX_IDS,
        help_text="Only these; of equal messages as many as are named",
    )
    requestId = TextField(  # noqa: N815 (likewise)
        required=False, allow_null=True, max_length=MAX_LENGTH, help_text="Only those of this request"
    )
    reason = TextField(
        required=False,
        allow_null=True,
        max_length=MAX_LENGTH,
        help_text="Only those whose reason contains this",
    )
    limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LOOKED_AT, help_text="At most so many"
    )


class DeadLetterStayedSerializer(serializers.Serializer[Any]):
    """A message that stays where it is."""

    position = serializers.IntegerField()
    requestId = serializers.CharField(source="request_id", required=False)  # noqa: N815 (likewise)
    reason = serializers.CharField(help_text="Why it cannot be replayed")


class DeadLettersDoneSerializer(serializers.Serializer[Any]):
    """What became of the messages that were meant."""

    done = serializers.IntegerField(help_text="Messages that were replayed, or dropped")
    stayed = DeadLetterStayedSerializer(many=True)
    complete = serializers.BooleanField(help_text="Whether all messages of the queue were looked at")


_COUNT: Final = inline_serializer(
    "DeadLetterCount", {"queue": serializers.CharField(), "messages": serializers.IntegerField()}
)
_PAGE: Final = inline_serializer(
    "DeadLetters",
    {
        "content": list_of(DeadLetterSerializer),
        "links": LinkSerializer(many=True),
        "metadata": PageMetadataSerializer(),
        "complete": serializers.BooleanField(help_text="Whether all messages were looked at"),
        "queues": type(_COUNT)(many=True, required=False, help_text="For callers above tenants"),
    },
)


class _DeadLetterEndpoint(ReachingEndpoint):
    def choice(self, queue: str, **conditions: Any) -> Choice:
        """Return a choice among what the caller may see."""
        tenant = self.reach.name if self.reach else None
        return Choice(queue=queue, tenant=tenant, within=LOOKED_AT, patience=PATIENCE, **conditions)

    def queues(self) -> list[str]:
        """Return the queues that a reading call is about.

        Raises:
            UnknownDeadLetterQueue: there is no queue of this name.
        """
        named = self.request.query_params.get("queue")
        return [queries.queue_named(named).name] if named else [spec.name for spec in dead_letter_queues()]

    def excerpt(self, *, default: int) -> int:
        """Return how many bytes of a body are asked for."""
        return whole_number(
            self.request.query_params.get("excerpt"),
            name="excerpt",
            default=default,
            minimum=0,
            maximum=_MOST,
        )

    def links_of(self, letter: DeadLetter) -> list[Mapping[str, str]]:
        """Return the links of a message."""
        return [
            *self.links(("self", "dead-letter", "GET", {"id": letter.identity})),
            *self.links(("replay", "dead-letters-replay", "POST", {})),
            *self.links(("drop", "dead-letters-drop", "POST", {})),
        ]


class DeadLetters(_DeadLetterEndpoint):
    """The messages that nobody could handle."""

    roles = {"GET": Role.ADMIN}

    @extend_schema(
        summary="List dead letters",
        description=f"Queue by queue, the next one first; nothing is removed. {_LIMITS}",
        parameters=[
            TENANT,
            _QUEUE,
            OpenApiParameter("requestId", str, description="Only those of this request"),
            OpenApiParameter("reason", str, description="Only those whose reason contains this"),
            OpenApiParameter("excerpt", int, description="Most bytes of a body", default=_GLIMPSE),
            *page_parameters(_SORTING),
        ],
        responses={200: _PAGE, 404: _UNKNOWN, 503: _AWAY},
    )
    def get(self, call: Call) -> Response:
        """Return a page of the messages that can be looked at."""
        page = PageRequest.read(call.query_params, sorting=_SORTING)
        conditions = {
            "request_id": call.query_params.get("requestId") or None,
            "reason": call.query_params.get("reason") or None,
        }
        excerpt = self.excerpt(default=_GLIMPSE)
        looks = {
            queue: queries.look(choice=self.choice(queue, **conditions), excerpt=excerpt)
            for queue in self.queues()
        }
        found = [(queue, letter) for queue, look in looks.items() for letter in look.letters]
        if page.orders[0].descending:
            found.reverse()
        start = page.number * page.size
        shown = Page(items=found[start : start + page.size], request=page, total=len(found))
        at = clock.now()
        answer = self.page(
            shown,
            [
                entity(DeadLetterSerializer(_told(queue, letter, at)).data, self.links_of(letter))
                for queue, letter in shown.items
            ],
        )
        answer.data["complete"] = all(look.complete for look in looks.values())
        if self.reach is None:
            counts = {each.queue: each.messages for each in queries.queue_counts()}
            answer.data["queues"] = [{"queue": queue, "messages": counts[queue]} for queue in looks]
        return answer


class OneDeadLetter(_DeadLetterEndpoint):
    """One message that nobody could handle."""

    roles = {"GET": Role.ADMIN}

    @extend_schema(
        summary="Read a dead letter",
        description=f"With its headers and properties, and the beginning of its body. {_LIMITS}",
        parameters=[
            TENANT,
            _QUEUE,
            OpenApiParameter("excerpt", int, description="Most bytes of the body", default=report.EXCERPT),
        ],
        responses={200: entity_of(WholeDeadLetterSerializer), 503: _AWAY},
    )
    def get(self, _call: Call, id: str) -> Response:  # noqa: A002 (the name in the address)
        """Return a message."""
        excerpt = self.excerpt(default=report.EXCERPT)
        queue, letter = self._found(id)
        whole = report.whole_as_json(letter, excerpt=excerpt)
        told = _told(queue, letter, clock.now()) | {name: whole[name] for name in ("headers", "properties")}
        content = WholeDeadLetterSerializer(told | {"excerpt": whole["body"]}).data
        return Response(entity(content, self.links_of(letter)))

    def _found(self, identity: str) -> tuple[str, DeadLetter]:
        for queue in self.queues():
            look = queries.look(choice=self.choice(queue, identities=(identity,), limit=1))
            if look.letters:
                return queue, look.letters[0]
        raise NoSuchDeadLetter(f"There is no dead letter {identity} among the next {LOOKED_AT} of a queue")


class _Order(_DeadLetterEndpoint):
    def give(self, order: Callable[..., services.Outcome]) -> Response:
        """Give an order, and tell what became of it."""
        wanted = self.body(DeadLettersOrderSerializer)
        ids: Sequence[str] | None = wanted.get("ids")
        choice = self.choice(
            wanted["queue"],
            identities=None if ids is None else tuple(ids),
            request_id=wanted.get("requestId") or None,
            reason=wanted.get("reason") or None,
            limit=wanted.get("limit"),
        )
        return Response(
            DeadLettersDoneSerializer(order(choice=choice, actor=self.actor, at=clock.now())).data
        )


class ReplayDeadLetters(_Order):
    """Another chance for messages."""

    roles = {"POST": Role.ADMIN}

    @extend_schema(
        summary="Replay dead letters",
        description=(
            "Takes messages back to the queues in which they died. Safe to repeat: nothing is lost, and what "
            f"comes twice counts once. {_LIMITS}"
        ),
        parameters=[TENANT],
        request=DeadLettersOrderSerializer,
        responses={200: DeadLettersDoneSerializer, 404: _UNKNOWN, 503: _AWAY},
    )
    def post(self, _call: Call) -> Response:
        """Send messages back."""
        return self.give(services.replay)


class DropDeadLetters(_Order):
    """The end of messages."""

    roles = {"POST": Role.ADMIN}

    @extend_schema(
        summary="Drop dead letters",
        description=f"Removes messages for good. {_LIMITS}",
        parameters=[TENANT],
        request=DeadLettersOrderSerializer,
        responses={200: DeadLettersDoneSerializer, 404: _UNKNOWN, 503: _AWAY},
    )
    def post(self, _call: Call) -> Response:
        """Remove messages."""
        return self.give(services.drop)


def _told(queue: str, letter: DeadLetter, at: datetime) -> dict[str, Any]:
    when = letter.died_at or letter.sent_at
    age = None if when is None else max(0, int((at - when).total_seconds()))
    return {"letter": letter, "queue": queue, "age": age, "excerpt": report.decoded(letter.body)}


def routes(service: Service) -> list[URLPattern]:
    """Return the routes of a service."""
    return [
        route("dead-letters", DeadLetters, name="dead-letters", service=service),
        route("dead-letters/replay", ReplayDeadLetters, name="dead-letters-replay", service=service),
        route("dead-letters/drop", DropDeadLetters, name="dead-letters-drop", service=service),
        route("dead-letters/<str:id>", OneDeadLetter, name="dead-letter", service=service),
    ]
