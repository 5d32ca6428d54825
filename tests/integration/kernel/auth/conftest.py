"""The settings of the token endpoint, on every stack."""

import pytest
from pytest_django import Settings


@pytest.fixture
def application(settings: Settings) -> Settings:
    """Let one application in; on servers none is, unless it is configured."""
    settings.OAUTH_CLIENT_ID, settings.OAUTH_CLIENT_SECRET = "portal", "secret of the portal"
    settings.SIGN_IN_FAILURES, settings.SIGN_IN_WINDOW = 3, 300
    return settings
