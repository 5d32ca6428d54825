"""Settings are read from typed variables; nonsense stops the boot with the variable's name."""

import re
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from regards_processing.settings import env

_NAME = "REGARDS_TEST_VARIABLE"


@pytest.mark.parametrize(("given", "read"), [("x", "x"), ("", "fallback")])
def test_it_takes_an_empty_variable_for_an_unset_one(
    monkeypatch: pytest.MonkeyPatch, given: str, read: str
) -> None:
    monkeypatch.setenv(_NAME, given)
    assert env.text(_NAME, "fallback") == read


def test_it_falls_back_when_a_variable_is_not_set() -> None:
    assert (env.text(_NAME, "a"), env.integer(_NAME, 7, minimum=1)) == ("a", 7)
    assert (env.boolean(_NAME, default=True), env.names(_NAME, ("a", "b"))) == (True, ["a", "b"])
    assert env.choice(_NAME, "x", allowed=("x", "y")) == "x"


@pytest.mark.parametrize("given", ["ten", "1.5", "0", "101", "-1"])
def test_it_refuses_a_number_out_of_bounds(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(_NAME, given)
    with pytest.raises(
        ImproperlyConfigured, match=f"{_NAME}='{given}' is refused: a whole number from 1 to 100"
    ):
        env.integer(_NAME, 5, minimum=1, maximum=100)


@pytest.mark.parametrize("given", ["1", "100"])
def test_it_takes_a_number_at_its_bounds(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(_NAME, given)
    assert env.integer(_NAME, 5, minimum=1, maximum=100) == int(given)


@pytest.mark.parametrize(
    ("given", "read"),
    [("1", True), ("TRUE", True), ("Yes", True), ("on", True), ("0", False), ("off", False)],
)
def test_it_reads_a_switch(monkeypatch: pytest.MonkeyPatch, given: str, *, read: bool) -> None:
    monkeypatch.setenv(_NAME, given)
    assert env.boolean(_NAME, default=not read) is read


def test_it_refuses_a_switch_that_is_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_NAME, "maybe")
    with pytest.raises(ImproperlyConfigured, match=f"{_NAME}='maybe' is refused: true or false"):
        env.boolean(_NAME, default=True)


def test_it_refuses_a_choice_that_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_NAME, "z")
    with pytest.raises(ImproperlyConfigured, match=f"{_NAME}='z' is refused: one of x, y"):
        env.choice(_NAME, "x", allowed=("x", "y"))


def test_it_splits_names_and_drops_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_NAME, " a, ,b,")
    assert env.names(_NAME) == ["a", "b"]


def test_it_makes_folders_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(_NAME, "here/below")
    assert env.folder(_NAME, Path("/else")) == tmp_path / "here" / "below"


def test_it_reads_a_secret_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_NAME, "s3cret")
    assert env.secret(_NAME, kept_in=None) == "s3cret"


def test_it_reads_a_secret_from_the_file_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv(f"{_NAME}_FILE", str(tmp_path / "secret"))
    assert env.secret(_NAME, kept_in=None) == "from the file"


def test_it_names_the_variable_whose_file_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(f"{_NAME}_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match=f"{_NAME}_FILE='.*absent' is refused"):
        env.secret(_NAME, kept_in=None)


def test_it_has_no_default_secret_outside_the_embedded_mode() -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{_NAME} is required"):
        env.secret(_NAME, kept_in=None)


def test_it_does_without_a_secret_that_is_not_required() -> None:
    assert env.secret(_NAME, kept_in=None, required=False) == ""


def test_it_reads_the_file_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert env.content(_NAME) == ""
    (tmp_path / "keys").write_text("inside\n")
    monkeypatch.setenv(_NAME, str(tmp_path / "keys"))
    assert env.content(_NAME) == "inside"
    monkeypatch.setenv(_NAME, str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match=f"{_NAME}='.*absent' is refused: a file"):
        env.content(_NAME)


@pytest.mark.parametrize("given", ["", "http://ada:sesame@host:15672", "https://host/path"])
def test_it_reads_an_address(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(_NAME, given)
    assert env.address(_NAME, schemes=("http", "https")) == given


@pytest.mark.parametrize(
    "given",
    [
        "host:15672",
        "ftp://ada:sesame@host",
        "http://",
        "http:host",
        "http://ada:sesame",
        "http://ada:w/sesame@host",
    ],
)
def test_it_refuses_an_address_without_telling_its_password(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(_NAME, given)
    with pytest.raises(ImproperlyConfigured, match="http or https, followed by ://host") as refusal:
        env.address(_NAME, schemes=("http", "https"))
    assert "sesame" not in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("abc", "abc"),
        ("ada:sesame@host", "…"),
        ("http://", "http://"),
        ("redis://host", "redis://…"),
        ("http://host:abc/", "http://…"),
        ("http://host:70000/", "http://…"),
        ("http://host:0/", "http://…"),
        ("http://[::1", "http://…"),
    ],
)
def test_it_shows_as_much_of_a_refused_address_as_is_no_password(
    monkeypatch: pytest.MonkeyPatch, given: str, shown: str
) -> None:
    monkeypatch.setenv(_NAME, given)
    with pytest.raises(
        ImproperlyConfigured, match=f"{_NAME}='{shown}' is refused: http, followed by ://host"
    ):
        env.address(_NAME, schemes=("http",))


@pytest.mark.parametrize("given", ["https://one.example.org, http://two:8080", "https://*.example.org", "*"])
def test_it_reads_origins(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(_NAME, given)
    assert env.origins(_NAME, also=("*",)) == given.split(", ")


@pytest.mark.parametrize("given", ["abc", "https://host/", "https://host/path", "https://", "host:80", "*"])
def test_it_refuses_what_is_no_origin(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(_NAME, f"https://one,{given}")
    with pytest.raises(ImproperlyConfigured, match=f"{_NAME}='{re.escape(given)}' is refused: scheme://host"):
        env.origins(_NAME)


def test_it_does_not_tell_the_password_of_an_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_NAME, "https://ada:sesame@host")
    with pytest.raises(ImproperlyConfigured, match=f"{_NAME}='https://…' is refused"):
        env.origins(_NAME)


def test_it_keeps_a_generated_secret_for_its_owner_only(tmp_path: Path) -> None:
    kept = tmp_path / "secrets" / "django"
    first = env.secret(_NAME, kept_in=kept)
    assert len(first) > 40
    assert env.secret(_NAME, kept_in=kept) == first
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(kept.parent.iterdir()) == [kept]
