"""`manage.py submit` refuses arguments before it asks anything."""

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize("content_type", ["", " \t"])
def test_it_refuses_a_blank_content_type(content_type: str) -> None:
    with pytest.raises(CommandError, match=r"--content-type: a text that is not blank is expected, got ' ?"):
        call_command("submit", "--content-type", content_type, "--body", "{}")
