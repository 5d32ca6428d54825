"""Takes secrets out of what programs write."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from workers.processes.parameters import ParameterDescriptor
from workers.processes.shell import ENVIRONMENT, variables_of

_MASK: Final = "***"
#: Names of variables whose values are nobody's business.
_SECRET_NAME: Final = re.compile(r"secret|passw|token|credential|api_?key|access_?key|private", re.IGNORECASE)
#: Shorter texts are in every other word.
_SHORTEST: Final = 4


class Redaction:
    """Replaces secrets by ``***``."""

    def __init__(self, secrets: Iterable[str]) -> None:
        words = {secret for secret in secrets if len(secret) >= _SHORTEST}
        # Longer ones first: a secret may hold another.
        ordered = sorted(words, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return a text without the secrets."""
        return self._pattern.sub(_MASK, text) if self._pattern else text


def secrets_of(
    declared: Iterable[ParameterDescriptor], values: Mapping[str, Any], *, token: str | None
) -> Iterator[str]:
    """Yield what must not be shown of an execution.

    That are the values of sensitive parameters, those of variables that are called as secrets are, and the
    token of the order.
    """
    for parameter in declared:
        value = values.get(parameter.name)
        if parameter.sensitive and value is not None:
            yield str(value)
    for name, value in variables_of(values.get(ENVIRONMENT)).items():
        if _SECRET_NAME.search(name):
            yield value
    if token:
        yield token
