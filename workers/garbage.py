"""How a process that lives long searches for garbage."""

import gc


def spare_what_is_loaded(*, begin_after: int) -> None:
    """Have Python search for garbage among later objects only; call it once everything is loaded.

    What is loaded stays anyway; to go through it again and again took a tenth of a manager's processor time.

    Args:
        begin_after: more new objects than a turn of work makes and lets go of by itself; Python's own 700
            are reached many times a turn.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(begin_after)
