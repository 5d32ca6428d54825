"""How bodies of requests are read."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from regards_processing.kernel.json_values import why_not_storable
from workers.contract.bodies import why_not_json


class JsonParser(BaseParser):
    """JSON in UTF-8, which can be stored."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 (the framework's signature)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 (likewise)
    ) -> Any:
        """Return the value of a document.

        Raises:
            ParseError: it is no JSON, is nested too deeply, or holds what no database stores.
        """
        try:
            value = json.loads(stream.read().decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"Malformed JSON: {why_not_json(error)}") from error
        fault = why_not_storable(value, name="body")
        if fault:
            raise ParseError(f"Malformed JSON: {fault}")
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
