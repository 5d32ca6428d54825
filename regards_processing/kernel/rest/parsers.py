"""How bodies of requests are read."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from workers.contract.bodies import why_not_json


class JsonParser(BaseParser):
    """JSON in UTF-8, of which every text can be stored."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 (the framework's signature)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 (likewise)
    ) -> Any:
        """Return the value of a document.

        Raises:
            ParseError: it is no JSON, or holds a text that no database stores.
        """
        try:
            text = stream.read().decode("utf-8")
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"Malformed JSON: {why_not_json(error)}") from error
        # Such characters can only come in as escapes: the decoder refuses them plain.
        if "\\u" in text and not _storable(value):
            raise ParseError("Malformed JSON: a text holds a NUL character or half of a surrogate pair")
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_storable(name) and _storable(part) for name, part in value.items())
    return not isinstance(value, list) or all(map(_storable, value))
