"""Forms of the admin for what is configured about access."""

from collections.abc import Iterator
from typing import Any, Final

from django import forms

from regards_processing.kernel.auth.models import CustomRole
from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.auth.services.rules import check_rule
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.resources import resources

#: Between the parts of an endpoint's name, as other services write it: ``<service>@<path>@<VERB>``.
_AT: Final = "@"


class RuleForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """One rule; what its service would refuse is shown at the form."""

    def _post_clean(self) -> None:
        # Django's own forms of users check passwords here: the rule has its new values from here on.
        super()._post_clean()  # type: ignore[misc] # the stubs do not know it
        if self.errors:
            return
        try:
            check_rule(rule=self.instance)
        except DomainError as error:
            self.add_error(None, str(error))


class RoleForm(RuleForm):
    """A rule about a role of people, chosen among the native ones and those of all tenants."""

    role = forms.ChoiceField(choices=lambda: list(_roles()))


class EndpointForm(RuleForm):
    """A rule about an endpoint, chosen among those that the platform serves."""

    endpoint = forms.ChoiceField(choices=lambda: [("", "---------"), *_endpoints()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance
        if rule.pk:
            known = _AT.join((rule.service, rule.path, rule.verb))
            self.initial["endpoint"] = known

    def clean_endpoint(self) -> str:
        """Give the parts of the chosen endpoint to the rule."""
        chosen: str = self.cleaned_data["endpoint"]
        self.instance.service, _, rest = chosen.partition(_AT)
        self.instance.path, _, self.instance.verb = rest.rpartition(_AT)
        return chosen


def _roles() -> Iterator[tuple[str, str]]:
    for role in Role:
        yield role.value, role.value
    everywhere = CustomRole.objects.across_tenants(
        because="the form is for every tenant, and checks afterwards"
    )
    for name in everywhere.order_by("name").values_list("name", flat=True).distinct():
        yield name, name


def _endpoints() -> Iterator[tuple[str, str]]:
    for resource in sorted(resources().values(), key=lambda found: (found.service, found.path)):
        for verb in sorted(resource.roles):
            key = _AT.join((resource.service, resource.path, verb))
            yield key, f"{resource.service} {verb} {resource.path} ({resource.roles[verb]})"
