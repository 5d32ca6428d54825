"""What can be wrong with a question about dead letters."""

from regards_processing.kernel.errors import DomainError


class UnknownDeadLetterQueue(DomainError):
    """The platform keeps no dead letters in a queue of this name."""

    code = "UNKNOWN_DEAD_LETTER_QUEUE"
    http_status = 404


class NoSuchDeadLetter(DomainError):
    """The queue has fewer messages."""

    code = "NO_SUCH_DEAD_LETTER"
    http_status = 404
