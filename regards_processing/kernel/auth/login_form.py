"""The form by which people log in to the admin."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from regards_processing.kernel import clock
from regards_processing.kernel.auth import security_log
from regards_processing.kernel.auth.services.guessing import Attempt, TooManyFailures, guarded

_REFUSED = "unknown user, wrong password, or nobody of the staff"


class GuardedLoginForm(AdminAuthenticationForm):
    """Django's, but wrong passwords are counted together with those of the other doors."""

    def clean(self) -> dict[str, Any]:
        """Try the password, unless too many wrong ones came before."""
        if self.errors:
            # Without a login or a password nothing is tried, so nothing is counted and nothing forgiven.
            return self.cleaned_data
        attempt = Attempt(
            username=self.cleaned_data["username"],
            tenant=None,
            address=security_log.address_of(self.request),  # type: ignore[arg-type] # the site gives it
            at=clock.now(),
        )
        try:
            with guarded(attempt, refusal=ValidationError, reason=_REFUSED):
                return super().clean()
        except TooManyFailures as error:
            raise ValidationError(f"{error} Try again in {error.seconds} s.") from error
