"""What can go wrong between the platform and its broker."""

from collections.abc import Mapping

from regards_processing.kernel.errors import DomainError


class BrokerUnavailable(DomainError):
    """The broker cannot be reached, or the connection to it was lost."""

    code = "BROKER_UNAVAILABLE"
    http_status = 503
    retryable = True


class VirtualHostMissing(BrokerUnavailable):
    """The broker has no virtual host of this name, or the user may not enter it."""

    code = "VIRTUAL_HOST_MISSING"


class LoginRefused(BrokerUnavailable):
    """The broker does not know this user and password."""

    code = "LOGIN_REFUSED"


class PublishNotConfirmed(BrokerUnavailable):
    """The broker did not confirm that it has the messages; they may or may not have left."""

    code = "PUBLISH_NOT_CONFIRMED"


class PublishersBlocked(PublishNotConfirmed):
    """The broker holds publishers back (a memory or disk alarm); the connection is to be kept.

    What was written is handled when the alarm ends: each further try would only be one more copy of it.
    """

    code = "PUBLISHERS_BLOCKED"


class TopologyConflict(BrokerUnavailable):
    """An exchange or a queue of the contract exists with another type or other arguments.

    Nothing can be published or read until an operator removes it; what waits is kept.
    """

    code = "TOPOLOGY_CONFLICT"
    retryable = False


class MessagesHeld(BrokerUnavailable):
    """Some messages cannot leave until an operator has done something; all others left or were refused.

    Queues of their worker types cannot be declared, a queue is full, or we may not publish to an exchange.
    """

    code = "MESSAGES_HELD"

    def __init__(self, held: Mapping[int, str], refused: Mapping[int, str]) -> None:
        #: Reason by position in the bulk: of what did not leave, and of what can never be sent.
        self.held = dict(sorted(held.items()))
        self.refused = dict(sorted(refused.items()))
        index, reason = next(iter(self.held.items()))
        super().__init__(f"{len(self.held)} messages cannot leave, the first one is number {index}: {reason}")


class MessagesRefused(DomainError):
    """The broker can never take some of the messages; all others of the bulk were published."""

    code = "MESSAGES_REFUSED"

    def __init__(self, refused: Mapping[int, str]) -> None:
        #: Reason by position in the bulk.
        self.refused = dict(sorted(refused.items()))
        index, reason = next(iter(self.refused.items()))
        super().__init__(f"{len(self.refused)} messages refused, the first one is number {index}: {reason}")
