"""When a process without children is to be replaced."""

from workers.sdk.retirement import EXIT_CODE, Retirement


def test_it_stops_once_after_as_many_calls_as_it_may_begin() -> None:
    codes: list[int] = []
    retirement = Retirement(most_tasks=3, most_bytes=0, stop=codes.append)
    retirement.begun()
    retirement.begun()
    assert codes == []
    retirement.begun()
    retirement.begun()
    assert codes == [EXIT_CODE]


def test_it_stops_when_it_holds_too_much_after_a_request() -> None:
    codes: list[int] = []
    held = [100, 200, 201]
    retirement = Retirement(
        most_tasks=0, most_bytes=200, stop=codes.append, resident=lambda _pid: held.pop(0)
    )
    retirement.ended()
    retirement.ended()
    assert codes == []
    retirement.ended()
    retirement.ended()
    assert codes == [EXIT_CODE]


def test_it_goes_on_where_nobody_knows_its_memory() -> None:
    codes: list[int] = []
    Retirement(most_tasks=0, most_bytes=1, stop=codes.append, resident=lambda _pid: None).ended()
    assert codes == []
