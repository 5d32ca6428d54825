"""Search filters as clients write them: each becomes a filter of `filters`, and can be written from one."""

from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.rest.errors import NAMES_ITS_FIELD
from regards_processing.kernel.rest.fields import DateField, EnumField, ListField, TextField
from regards_processing.kernel.rest.filters import DateRange, Mode, TextFilter, ValueRestriction
from workers.contract.headers import MAX_LENGTH

MAX_VALUES: Final = 1000


class ValuesField(ListField):
    """The values of a restriction."""

    default_error_messages = {"max_length": f"List of values have a maximal size of {MAX_VALUES}"}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": MAX_VALUES} | options)


class RestrictionSerializer(serializers.Serializer[Any]):
    """Values to keep or to leave out; subclasses say of which type they are."""

    mode = EnumField(Mode)

    def validate(self, attrs: Mapping[str, Any]) -> ValueRestriction:
        """Return the filter; to keep nothing is refused, to leave out nothing is no restriction."""
        if attrs["mode"] is Mode.INCLUDE and not attrs["values"]:
            raise serializers.ValidationError(
                f"Invalid search value restriction on {self.field_name}. "
                "Forbidden empty list of values with include mode.",
                code=NAMES_ITS_FIELD,
            )
        return ValueRestriction(
            values=tuple(attrs["values"]),
            mode=attrs["mode"],
            match_mode=attrs.get("match_mode") or MatchMode.STRICT,
            ignore_case=attrs.get("ignore_case") or False,
        )


class TextRestrictionSerializer(RestrictionSerializer):
    """Texts to keep or to leave out."""

    values = ValuesField(child=TextField(max_length=MAX_LENGTH))
    matchMode = EnumField(MatchMode, source="match_mode", required=False, allow_null=True)  # noqa: N815 (the contract's name)
    ignoreCase = serializers.BooleanField(source="ignore_case", required=False, allow_null=True)  # noqa: N815 (likewise)


class IdRestrictionSerializer(RestrictionSerializer):
    """Technical ids to keep or to leave out."""

    values = ValuesField(child=serializers.IntegerField(min_value=-(2**63), max_value=2**63 - 1))


class DateRangeSerializer(serializers.Serializer[Any]):
    """Two dates, both inclusive, each optional."""

    after = DateField(required=False, allow_null=True)
    before = DateField(required=False, allow_null=True)

    def validate(self, attrs: Mapping[str, Any]) -> DateRange:
        """Return the filter."""
        return DateRange(**attrs)


@extend_schema_field(TextField)
class TextFilterField(TextField):
    """A text that a field contains, or is; an empty one is no restriction."""

    def __init__(self, *, match_mode: MatchMode = MatchMode.CONTAINS, **options: Any) -> None:
        self.match_mode = match_mode
        super().__init__(**{"required": False, "allow_null": True, "max_length": MAX_LENGTH} | options)

    def run_validation(self, data: Any = empty) -> TextFilter | None:
        """Return the filter, if there is a text to look for."""
        text = super().run_validation(data)
        return TextFilter(text=text, match_mode=self.match_mode) if text else None

    def to_representation(self, value: Any) -> str:
        """Return the text; which part of a field it is, the field of the body says."""
        return str(value.text)
