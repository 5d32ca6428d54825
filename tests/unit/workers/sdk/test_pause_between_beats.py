from itertools import islice

from workers.sdk.pulse import pauses


def test_it_beats_soon_again_after_the_start_then_every_period() -> None:
    assert list(islice(pauses(15.0), 6)) == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_it_never_pauses_for_longer_than_the_period() -> None:
    assert list(islice(pauses(0.3), 3)) == [0.3, 0.3, 0.3]
