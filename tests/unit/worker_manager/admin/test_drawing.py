"""The drawing of a workflow: boxes in order, what flows between them, who is alive."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from worker_manager.admin.drawing import Chain, describe_chain, draw_chain
from worker_manager.configuration.worker_items import WorkerItem
from worker_manager.configuration.workflow_steps import WorkflowStep
from workers.contract.conditions import Condition
from workers.contract.repetition import Repeat

_SVG = "{http://www.w3.org/2000/svg}"


def _worker(name: str, takes: str, gives: str | None) -> WorkerItem:
    return WorkerItem(worker_type=name, inputs=(takes,), output=gives, keep_errors=True)


_WORKERS = {
    worker.worker_type: worker
    for worker in (
        _worker("a", "1", "2"),
        _worker("b", "2", "3"),
        _worker("c", "2", "4"),
        _worker("<script>", "3", "x" * 30),
        _worker("e", "4", None),
    )
}


def _chain(*steps: tuple[str, ...], current: int | None = None) -> Chain:
    numbered = [WorkflowStep(number, names) for number, names in enumerate(steps, 1)]
    return Chain(workflow_type="wf", steps=numbered, workers=_WORKERS, live={"a", "c"}, current=current)


def _drawn(chain: Chain) -> ET.Element:
    return ET.fromstring(draw_chain(chain))  # noqa: S314 (our own drawing)


def _texts(drawing: ET.Element) -> list[str]:
    return [text.text or "" for text in drawing.iter(f"{_SVG}text")]


def _boxes(drawing: ET.Element) -> list[tuple[float, float]]:
    return [(float(box.attrib["x"]), float(box.attrib["y"])) for box in drawing.iter(f"{_SVG}rect")]


def test_it_draws_the_steps_one_after_the_other() -> None:
    first, second = _boxes(_drawn(_chain(("a",), ("b",))))
    assert first[0] < second[0]
    assert first[1] == second[1]


def test_it_draws_what_works_in_parallel_below_each_other() -> None:
    _, upper, lower = _boxes(_drawn(_chain(("a",), ("b", "c"))))
    assert upper[0] == lower[0]
    assert upper[1] < lower[1]


def test_it_keeps_everything_inside() -> None:
    drawing = _drawn(_chain(("a",), ("b", "c", "b")))
    width, height = float(drawing.attrib["width"]), float(drawing.attrib["height"])
    assert all(0 < x < x + 170 < width and 0 < y < y + 58 <= height for x, y in _boxes(drawing))


def test_it_tells_what_flows_and_who_is_alive() -> None:
    texts = _texts(_drawn(_chain(("a",), ("b", "c"))))
    assert texts == [
        *("wf", "step 1", "a", "● alive"),
        *("2", "step 2", "b", "○ no live worker", "c", "● alive"),
        "3 + 4",
    ]


def test_it_tells_in_words_what_it_shows() -> None:
    told = describe_chain(_chain(("a",), ("b", "c")))
    assert told == (
        "takes wf; step 1: a (alive); takes 2; step 2: b (no live worker) beside c (alive); makes 3 + 4"
    )
    title, description = list(_drawn(_chain(("a",), ("b", "c"))))[:2]
    assert (title.text, description.text) == ("Workflow wf", told)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([("a",), ("e",)], "takes 2 (not taken); step 2: e (no live worker); makes nothing"),
        ([("gone",), ("a",)], "step 1: gone (not configured); takes nothing; step 2: a"),
        ([("a",), ("gone",)], "takes 2 (not taken); step 2: gone (not configured); makes nothing"),
    ],
)
def test_it_shows_where_a_chain_is_broken(steps: list[tuple[str, ...]], words: str) -> None:
    assert words in describe_chain(_chain(*steps))


def test_it_leaves_the_plan_of_a_request_unchecked() -> None:
    chain = replace(_chain(("a",), ("e",)), checked=False)
    assert "takes 2; step 2: e" in describe_chain(chain)


def test_it_believes_the_content_type_that_a_parallel_step_says() -> None:
    step = WorkflowStep(1, ("b", "c"), "gathered")
    chain = Chain(workflow_type="wf", steps=[step], workers=_WORKERS, live=set())
    assert describe_chain(chain).endswith("makes gathered")


def test_it_marks_where_a_request_is() -> None:
    assert "step 2, here" in _texts(_drawn(_chain(("a",), ("b",), current=2)))


def test_it_cuts_long_names_and_keeps_them_whole_beside() -> None:
    drawing = _drawn(_chain(("<script>",)))
    assert f"{'x' * 15}…" in _texts(drawing)
    assert "x" * 30 in [title.text for title in drawing.iter(f"{_SVG}title")]


def test_it_does_not_believe_names() -> None:
    assert "<script>" not in draw_chain(_chain(("<script>",)))
    assert "&lt;script&gt;" in draw_chain(_chain(("<script>",)))


def test_it_draws_no_steps_at_all() -> None:
    assert _texts(_drawn(_chain())) == ["wf"]


def test_it_tells_when_a_step_is_taken() -> None:
    condition = Condition("acme.kind", ("raster", "<b>"))
    steps = [WorkflowStep(1, ("a",)), WorkflowStep(2, ("b",), condition=condition)]
    chain = replace(_chain(), steps=steps)
    told = "step 2, if acme.kind is one of raster, "
    assert f"{told}<b>: b" in describe_chain(chain)
    assert f"{told}&lt;b&gt;</title>" in draw_chain(chain)


def _looped(*, first: int | None, last: int, members: tuple[str, ...] = ("b",)) -> Chain:
    """Return a chain of three steps with a loop."""
    repeat = Repeat(condition=Condition("acme.fit", ("<poor>",)), most=9, back_to=first)
    named = [("a",), members, ("e",)]
    steps = [
        WorkflowStep(number, names, repeat=repeat if number == last else None)
        for number, names in enumerate(named, 1)
    ]
    return replace(_chain(), steps=steps)


def _ends_of_loops(drawing: ET.Element) -> list[tuple[float, float, float, float]]:
    """Return where each arrow of a loop begins, how deep it goes, and where it ends."""
    paths = [path.attrib["d"].split() for path in drawing.iter(f"{_SVG}path")]
    loops = [path for path in paths if path[2].startswith("V")]
    return [(float(d[0][1:]), float(d[2][1:]), float(d[3][1:]), float(d[4][1:])) for d in loops]


@pytest.mark.parametrize(("first", "last"), [(1, 3), (2, 3), (None, 3), (None, 1)])
def test_it_draws_the_way_back_of_a_loop(first: int | None, last: int) -> None:
    drawing = _drawn(_looped(first=first, last=last, members=("b", "c")))
    boxes = _boxes(drawing)
    columns = sorted({x for x, _ in boxes})
    ((start, floor, end, top),) = _ends_of_loops(drawing)
    assert columns[last - 1] < start < columns[last - 1] + 170
    assert columns[(first or last) - 1] < end < columns[(first or last) - 1] + 170
    assert max(y + 58 for _, y in boxes) < floor < float(drawing.attrib["height"])
    assert top < floor


def test_it_leaves_no_room_for_loops_that_there_are_not() -> None:
    plain, looped = _drawn(_chain(("a",), ("b",), ("e",))), _drawn(_looped(first=1, last=3))
    assert float(plain.attrib["height"]) < float(looped.attrib["height"])
    assert _ends_of_loops(plain) == []


def test_it_tells_why_a_loop_is_gone_through() -> None:
    chain = _looped(first=2, last=3)
    told = "repeats steps 2 to 3, while acme.fit is one of <poor>, at most 9 rounds"
    assert f"step 3: e (no live worker); {told}; makes" in describe_chain(chain)
    assert "↺ while acme.fit is one of <poor>, at most 9 rounds" in _texts(_drawn(chain))
    assert "<poor>" not in draw_chain(chain)


def test_it_marks_in_which_round_a_request_is() -> None:
    chain = replace(_looped(first=2, last=3), current=3, round=4)
    assert "step 3, here in round 4" in _texts(_drawn(chain))
