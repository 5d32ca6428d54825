"""What an operator fills in about dead letters."""

import re
from typing import Any, Final

from django import forms

from regards_processing.kernel.amqp.topology import dead_letter_queues
from regards_processing.kernel.dead_letters.choice import LOOKED_AT, Choice
from regards_processing.kernel.dead_letters.description import IDENTITY_LENGTH

_IDENTITY: Final = re.compile(rf"[0-9a-f]{{{IDENTITY_LENGTH}}}")


class IdentitiesField(forms.MultipleChoiceField):
    """Messages that were ticked."""

    widget = forms.MultipleHiddenInput

    def valid_value(self, value: str) -> bool:
        """Take whatever looks as an identity."""
        return bool(_IDENTITY.fullmatch(value))


class FilterForm(forms.Form):
    """Which messages are meant: whatever is left empty restricts nothing."""

    queue = forms.ChoiceField(choices=lambda: [(spec.name, spec.name) for spec in dead_letter_queues()])
    tenant = forms.CharField(required=False, help_text="The whole name")
    request_id = forms.CharField(required=False, label="Request", help_text="The whole id")
    reason = forms.CharField(required=False, help_text="Text that the reason contains")

    def choice(self, **more: Any) -> Choice:
        """Return what is meant; the form is valid."""
        given = self.cleaned_data
        told = {name: given[name] or None for name in ("tenant", "request_id", "reason")}
        return Choice(queue=given["queue"], within=LOOKED_AT, **told, **more)


class OrderForm(FilterForm):
    """What is to be done to which messages."""

    which = forms.ChoiceField(
        choices=[("selected", "those that are ticked"), ("all", "all that fit")], widget=forms.HiddenInput
    )
    identities = IdentitiesField(required=False)
    #: How many there were when they were counted.
    limit = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Refuse ticked messages without any."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("which") == "selected" and "identities" in cleaned and not cleaned["identities"]:
            self.add_error(None, "Tick the messages first")
        return cleaned

    def choice(self, **more: Any) -> Choice:
        """Return what is meant; the form is valid."""
        given = self.cleaned_data
        ticked = tuple(given["identities"]) if given["which"] == "selected" else None
        return super().choice(identities=ticked, limit=given["limit"], **more)
