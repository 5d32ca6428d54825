"""Who is believed: keys of tokens, our own token endpoint, switches of the roles. Times are in seconds."""

from typing import Final

from django.core.exceptions import ImproperlyConfigured

from regards_processing.kernel.auth.key_files import key_set
from regards_processing.kernel.auth.keys import KeyRefused, KeySet
from regards_processing.settings import env, places

_DAY: Final = 86_400


def _key_set() -> KeySet:
    document = env.content("REGARDS_JWT_KEYS_FILE")
    kept_in = None if document else places.generated_secret("jwt")
    secret = env.secret("REGARDS_JWT_SECRET", kept_in=kept_in, required=not document)
    try:
        if document:
            key_set(document=document)
    except KeyRefused as error:
        raise ImproperlyConfigured(f"REGARDS_JWT_KEYS_FILE is refused: {error}") from None
    try:
        return key_set(document=document, secret=secret)
    except KeyRefused as error:
        raise ImproperlyConfigured(f"REGARDS_JWT_SECRET is refused: {error}") from None


#: Keys that tokens are verified and signed with.
JWT_KEYS = _key_set()
#: How far the clocks of those who sign tokens may differ from ours.
JWT_LEEWAY = env.integer("JWT_LEEWAY_SECONDS", 30, minimum=0, maximum=600)
#: Validity of the tokens that we issue.
ACCESS_TOKEN_VALIDITY = env.integer("ACCESS_TOKEN_SECONDS", 7200, minimum=1, maximum=30 * _DAY)

#: The application that may ask for tokens with a person's password; without a secret, none may.
OAUTH_CLIENT_ID = env.text("OAUTH_CLIENT_ID", "client")
OAUTH_CLIENT_SECRET = env.secret(
    "OAUTH_CLIENT_SECRET", kept_in=places.generated_secret("oauth-client"), required=False
)
#: Wrong passwords of one person from one address, within the window, before all are refused.
SIGN_IN_FAILURES = env.integer("SIGN_IN_FAILURES", 5, minimum=1, maximum=1000)
SIGN_IN_WINDOW = env.integer("SIGN_IN_WINDOW_SECONDS", 300, minimum=1, maximum=_DAY)

#: Proxies of ours that every call goes through, and whose ``X-Forwarded-For`` is believed.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, minimum=0, maximum=10)

#: Whether these roles may call every endpoint: what REGARDS calls
#: ``regards.security.{system,instance,project.admin}.voter.enabled``.
SYSTEM_FULL_ACCESS = env.boolean("SYSTEM_FULL_ACCESS", default=True)
INSTANCE_ADMIN_FULL_ACCESS = env.boolean("INSTANCE_ADMIN_FULL_ACCESS", default=True)
PROJECT_ADMIN_FULL_ACCESS = env.boolean("PROJECT_ADMIN_FULL_ACCESS", default=True)
