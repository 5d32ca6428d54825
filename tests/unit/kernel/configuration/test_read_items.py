"""The items of a module are read by their kinds; one that cannot be read harms no other."""

from typing import Any

import pytest

from regards_processing.kernel.configuration.envelope import Entry, Part
from regards_processing.kernel.configuration.items import Item
from regards_processing.kernel.configuration.reading import Reading, read_items
from tests.fakes.configured_service import NOTE_KEY, Note, NoteItems


def _read(*entries: tuple[object, object]) -> Reading:
    listed = tuple(Entry(position=place, key=key, value=value) for place, (key, value) in enumerate(entries))
    part = Part(position=0, reset=False, entries=listed)
    return read_items(part=part, kinds=[NoteItems()], keys_of_others={"org.example.Other": "rs-other"})


def _texts(reading: Reading) -> dict[int, list[str]]:
    return {place: [fault.text for fault in faults] for place, faults in reading.refusals.items()}


def test_it_reads_what_it_can() -> None:
    reading = _read((NOTE_KEY, {"name": 7}), (NOTE_KEY, {"name": "a", "text": "b"}))
    assert reading.items == {NOTE_KEY: [Item(position=1, content=Note(name="a", text="b"))]}
    assert _texts(reading) == {0: ["name is no text", "text is no text"]}
    assert reading.unreadable == {NOTE_KEY}


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("java.lang.Runtime", "'java.lang.Runtime'"),
        (None, "None"),
        ([], "[]"),
        ("\ud800\0", r"'\ud800\x00'"),
        ("k" * 1000, f"'{'k' * 199}…"),
    ],
)
def test_it_refuses_a_key_that_nobody_knows(key: object, shown: str) -> None:
    reading = _read((key, {}))
    assert _texts(reading) == {0: [f"Item 0 is refused: key {shown} must be one of {NOTE_KEY}"]}
    assert reading.unreadable == set()


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_it_refuses_a_value_that_is_no_object(value: Any) -> None:
    reading = _read((NOTE_KEY, value))
    assert _texts(reading) == {0: [f"Item 0 is refused: value must be an object, got {value!r}"]}
    assert reading.unreadable == {NOTE_KEY}


def test_it_passes_over_items_of_other_services() -> None:
    reading = _read(("org.example.Other", {}))
    assert (reading.refusals, reading.items) == ({}, {NOTE_KEY: []})
    assert reading.warnings == ["Item 0 is passed over: its key org.example.Other belongs to rs-other"]
