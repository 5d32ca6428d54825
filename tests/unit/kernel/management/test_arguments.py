"""What commands are given is checked before they do anything; their help is for people."""

import pytest
from django.core.management import CommandError, load_command_class

from regards_processing.kernel.management.arguments import MOST


def _parse(app: str, command: str, *arguments: str) -> object:
    return load_command_class(app, command).create_parser("manage.py", command).parse_args(arguments)


def _submit(*arguments: str) -> object:
    return _parse("worker_manager", "submit", "--content-type", "scenes", "--body", "{}", *arguments)


@pytest.mark.parametrize("given", ["0", "-1", "ten", "1.5", "1000001", "99999999999", "9" * 5000])
def test_it_refuses_a_count_that_is_no_number_or_absurd(given: str) -> None:
    with pytest.raises(CommandError, match=r"--count: a whole number from 1 to 1000000 is expected, got '"):
        _submit(f"--count={given}")


@pytest.mark.parametrize("given", ["1", "1000000"])
def test_it_takes_a_count_at_its_bounds(given: str) -> None:
    assert vars(_submit(f"--count={given}"))["count"] == int(given)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "--queue", "regards.DLQ", "regards.DLQ"),
        ("show", "--queue", "regards.DLQ", "1", "--excerpt", "much"),
        ("list", "--limit", "0"),
    ],
)
def test_it_says_which_numbers_of_dead_letters_there_are(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=f"a whole number from 1 to {MOST} is expected, got '"):
        _parse("regards_processing.kernel", "dead_letters", *arguments)


def test_its_help_stands_at_the_margin() -> None:
    parser = load_command_class("worker_manager", "submit").create_parser("manage.py", "submit")
    shown = parser.format_help()
    assert "\nSubmit requests and wait for what becomes of them.\n\nPrints one line of JSON" in shown
