"""Takes secrets out of what programs write."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from workers.processes.parameters import MASK, ParameterDescriptor
from workers.processes.shell import ENVIRONMENT, HIDDEN_ENVIRONMENT, secret_looking, variables_of

#: Shorter texts are in every other word.
_SHORTEST: Final = 4


class Redaction:
    """Replaces secrets by ``***``."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # What a program writes comes line by line.
        forms = (form for secret in secrets for form in (secret, *secret.splitlines()))
        words = {form for form in forms if len(form) >= _SHORTEST}
        # Longer ones first: a secret may hold another.
        ordered = sorted(words, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return a text without the secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def secrets_of(
    declared: Iterable[ParameterDescriptor], values: Mapping[str, Any], *, token: str | None
) -> Iterator[str]:
    """Yield what must not be shown of an execution.

    That are the values of sensitive parameters, those of variables that are secret, or called as secrets are,
    and the token of the order.
    """
    for parameter in declared:
        value = values.get(parameter.name)
        if parameter.sensitive and value is not None:
            yield str(value)
    plain = variables_of(values.get(ENVIRONMENT))
    yield from (plain[name] for name in secret_looking(values.get(ENVIRONMENT)))
    yield from variables_of(values.get(HIDDEN_ENVIRONMENT)).values()
    if token:
        yield token
