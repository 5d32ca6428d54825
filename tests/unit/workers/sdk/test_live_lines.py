"""What running work says reaches operators: the last lines, at a bounded rate, and nothing after its end."""

import queue

import pytest

from workers.sdk import masking
from workers.sdk.live_lines import LONGEST_LINE, MOST_LINES, LiveLines, RunLines


class Heard:
    """The messages that left, and the lines of one run."""

    def __init__(self, *, quiet: float = 0.0) -> None:
        self.messages: queue.Queue[str] = queue.Queue()
        self.lines: RunLines = LiveLines(quiet=quiet).of(self.messages.put)

    def next(self) -> str:
        return self.messages.get(timeout=10)


def test_it_sends_the_first_progress_at_once_and_the_next_with_the_lines_before_when_it_may() -> None:
    heard = Heard()
    heard.lines.progress("reading")
    assert heard.messages.get_nowait() == "reading"
    heard.lines.progress("writing")
    heard.lines.log("3 files")
    assert heard.messages.empty()
    assert heard.next() == "reading\nwriting\n3 files"


def test_it_sends_log_lines_of_work_that_lasts_and_none_of_work_that_is_short() -> None:
    short, long = Heard(), Heard()
    short.lines.log("begun")
    long.lines.log("begun")
    short.lines.close()
    assert long.next() == "begun"
    assert short.messages.empty()


def test_it_sends_nothing_after_the_end() -> None:
    heard, other = Heard(), Heard()
    heard.lines.progress("reading")
    heard.lines.progress("writing")
    heard.lines.close()
    heard.lines.progress("too late")
    other.lines.log("a second later")
    other.next()
    assert heard.next() == "reading"
    assert heard.messages.empty()


def test_it_says_again_what_an_announcement_without_words_may_have_replaced() -> None:
    heard = Heard(quiet=0.2)
    heard.lines.progress("reading")
    assert (heard.next(), heard.next()) == ("reading", "reading")


def test_it_bounds_lines_and_their_length() -> None:
    heard = Heard()
    heard.lines.progress("x" * 2 * LONGEST_LINE)
    for number in range(3 * MOST_LINES):
        heard.lines.log(f"line {number}")
    assert heard.next() == "x" * LONGEST_LINE
    assert heard.next().split("\n") == [f"line {number}" for number in range(2 * MOST_LINES, 3 * MOST_LINES)]


def test_it_tells_a_line_that_is_repeated_once_but_takes_it_for_a_sign_of_life() -> None:
    heard = Heard()
    heard.lines.progress("waiting")
    heard.lines.progress("waiting")
    assert (heard.next(), heard.next()) == ("waiting", "waiting")


def test_it_tells_no_part_of_a_secret_where_a_line_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_hidden", {"open sesame"})
    heard = Heard()
    heard.lines.progress("x" * (LONGEST_LINE - 5) + "open sesame")
    assert heard.next() == "x" * (LONGEST_LINE - 5) + "***"
