"""The platform proves to other services who it is."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.auth import tokens
from regards_processing.kernel.auth.identity import Caller
from regards_processing.kernel.auth.keys import KeySet, NoSigningKey
from regards_processing.kernel.auth.services.issuing import system_token


def test_it_is_a_service_and_acts_for_no_tenant(settings: Settings) -> None:
    token = system_token(application="rs-processing", at=clock.now())
    assert tokens.verify(token=token, keys=settings.JWT_KEYS, leeway=timedelta(0)) == Caller(
        tenant="_NOTENANT_", login="rs-processing", email="rs-processing", role="SYS_rs-processing"
    )


def test_it_acts_for_a_tenant(settings: Settings) -> None:
    token = system_token(application="rs-processing", at=clock.now(), tenant="demo")
    assert tokens.verify(token=token, keys=settings.JWT_KEYS, leeway=timedelta(0)).tenant == "demo"


def test_it_cannot_without_a_key_that_signs(settings: Settings) -> None:
    settings.JWT_KEYS = KeySet(keys=settings.JWT_KEYS.keys, signing=None)
    with pytest.raises(NoSigningKey):
        system_token(application="rs-processing", at=clock.now())
