"""Draw the chain of a workflow as SVG: for pages without network, in light and in dark. Pure; no database.

Colours are the admin's own, so that they follow its theme. Nothing is told by colour alone.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from worker_manager.configuration.worker_items import WorkerItem
from worker_manager.configuration.workflow_steps import WorkflowStep
from workers.contract.itinerary import Loop, loop_of

_BOX_WIDTH: Final = 170
_BOX_HEIGHT: Final = 58
_BOX_GAP: Final = 12
#: Between two steps, for the arrow and what flows along it.
_LINK: Final = 118
_TOP: Final = 24
#: Below the boxes, where there are loops: for their arrows and what is said of them.
_LOOPS: Final = 40
#: From the middle of a box to where the arrow of a loop leaves it, or comes in.
_ASIDE: Final = 30
#: Characters that fit in a box, and above an arrow.
_FITS_BOX: Final = 21
_FITS_LINK: Final = 16
#: And above a box, where no other text is.
_FITS_NUMBER: Final = 42
_WHOLE: Final = (
    '<svg class="chain" role="img" xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" '
    'viewBox="0 0 {} {}" style="font: 13px var(--font-family-primary, sans-serif); max-width: none">'
    "<title>{}</title><desc>{}</desc>{}</svg>"
)
_BOX: Final = (
    '<g><title>{full}</title><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" '
    'style="fill: var(--darkened-bg, #f8f8f8); stroke: {stroke}; stroke-width: {weight}{dashes}"/>'
    '<text x="{middle}" y="{name_y}" text-anchor="middle" style="fill: var(--body-fg, #333); '
    'font-weight: bold">{name}</text>'
    '<text x="{middle}" y="{note_y}" text-anchor="middle" style="fill: {ink}; font-size: 12px">'
    "{mark} {note}</text></g>"
)
_ARROW: Final = (
    '<g><title>{full}</title><path d="M{start} {y} H{end} m-7 -4 l7 4 l-7 4" '
    'style="fill: none; stroke: {ink}; stroke-width: 1.5{dashes}"/>'
    '<text x="{middle}" y="{label_y}" text-anchor="middle" style="fill: {ink}; font-size: 12px">'
    "{label}</text></g>"
)
_NUMBER: Final = (
    '<g><title>{}</title><text x="{}" y="14" text-anchor="middle" '
    'style="fill: var(--body-quiet-color, #666); font-size: 12px{}">{}</text></g>'
)
_BACK: Final = (
    '<g><title>{full}</title><path d="M{start} {bottom} V{y} H{end} V{top} m-4 7 l4 -7 l4 7" '
    'style="fill: none; stroke: {ink}; stroke-width: 1.5"/>'
    '<text x="{middle}" y="{label_y}" text-anchor="middle" style="fill: {ink}; font-size: 12px">'
    "{label}</text></g>"
)
_GOOD: Final = "var(--link-fg, #417893)"
_BAD: Final = "var(--error-fg, #ba2121)"
_PLAIN: Final = "var(--body-quiet-color, #666)"
_DASHED: Final = "; stroke-dasharray: 5 4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What is drawn."""

    #: The content type that chooses it.
    workflow_type: str
    #: Sorted by number.
    steps: Sequence[WorkflowStep]
    #: Configured worker types by name.
    workers: Mapping[str, WorkerItem]
    #: Worker types that somebody serves.
    live: Collection[str]
    #: Number of the step that a request is at.
    current: int | None = None
    #: The round of its loop, if it is in one.
    round: int | None = None
    #: Say where a step does not take what it gets: for configurations, which may have changed since.
    checked: bool = True


@dataclass(frozen=True, slots=True)
class _Link:
    """What flows into a step, or out of the last one."""

    made: tuple[str, ...]
    #: The next step takes all of it.
    fits: bool = True

    @property
    def told(self) -> str:
        return f"{' + '.join(self.made) or 'nothing'}{'' if self.fits else ' (not taken)'}"


def draw_chain(chain: Chain) -> SafeString:
    """Return the drawing: what flows from step to step, and which worker types are alive.

    Worker types of a parallel step are drawn below each other, and loops below all of them.
    """
    tallest = max((len(step.worker_types) for step in chain.steps), default=1)
    floor = _TOP + tallest * (_BOX_HEIGHT + _BOX_GAP)
    width = len(chain.steps) * (_BOX_WIDTH + _LINK) + _LINK
    axis = _TOP + (floor - _TOP - _BOX_GAP) / 2
    loops = [loop for step in chain.steps if step.repeat and (loop := loop_of(chain.steps, step.number))]
    height = floor + (_LOOPS if loops else 0)
    parts: list[SafeString] = []
    links = list(_links(chain))
    for place, step in enumerate(chain.steps):
        left = _LINK + place * (_BOX_WIDTH + _LINK)
        parts += [_arrow(links[place], left - _LINK, axis), _number(chain, step, left)]
        parts += _boxes(chain, step, left, axis)
    parts.append(_arrow(links[-1], width - _LINK, axis))
    parts += [_back(chain, loop, axis, floor) for loop in loops]
    title, told = f"Workflow {chain.workflow_type}", describe_chain(chain)
    return format_html(
        _WHOLE,
        width,
        height,
        width,
        height,
        title,
        told,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def describe_chain(chain: Chain) -> str:
    """Return what the drawing shows, in words."""
    links = list(_links(chain))
    told = [
        f"takes {link.told}; step {step.number}{f', if {step.condition}' if step.condition else ''}: "
        + " beside ".join(f"{name} ({_state(chain, name)[1]})" for name in step.worker_types)
        + (f"; repeats {loop_of(chain.steps, step.number)}" if step.repeat else "")
        for link, step in zip(links, chain.steps, strict=False)
    ]
    return "; ".join([*told, f"makes {links[-1].told}"])


def _links(chain: Chain) -> Iterator[_Link]:
    """Return what flows into each step, and what the last one makes."""
    made: tuple[str, ...] = (chain.workflow_type,)
    for place, step in enumerate(chain.steps):
        workers = [chain.workers[name] for name in step.worker_types if name in chain.workers]
        taken = {name for worker in workers for name in worker.inputs}
        # The workflow's own type chooses it; no worker type takes that one.
        yield _Link(made, place == 0 or not chain.checked or taken.issuperset(made))
        outputs = (step.output,) if step.output else (worker.output for worker in workers)
        made = tuple(dict.fromkeys(output for output in outputs if output))
    yield _Link(made)


def _state(chain: Chain, worker_type: str) -> tuple[str, str, str, str]:
    """Return mark, words, colour and line style of a worker type."""
    if worker_type not in chain.workers:
        return "?", "not configured", _BAD, _DASHED
    if worker_type not in chain.live:
        return "○", "no live worker", _BAD, _DASHED
    return "●", "alive", _GOOD, ""


def _half(step: WorkflowStep) -> float:
    """Return half the height of the boxes of a step."""
    return (len(step.worker_types) * (_BOX_HEIGHT + _BOX_GAP) - _BOX_GAP) / 2


def _boxes(chain: Chain, step: WorkflowStep, left: float, axis: float) -> Iterator[SafeString]:
    top = axis - _half(step)
    for place, name in enumerate(step.worker_types):
        mark, note, ink, dashes = _state(chain, name)
        y = top + place * (_BOX_HEIGHT + _BOX_GAP)
        yield format_html(
            _BOX,
            full=f"{name}: {note}",
            x=left,
            y=f"{y:g}",
            width=_BOX_WIDTH,
            height=_BOX_HEIGHT,
            middle=left + _BOX_WIDTH // 2,
            name_y=f"{y + 25:g}",
            note_y=f"{y + 44:g}",
            name=_cut(name, _FITS_BOX),
            weight=3 if step.number == chain.current else 1.5,
            mark=mark,
            note=note,
            stroke=ink,
            ink=ink,
            dashes=dashes,
        )


def _arrow(link: _Link, left: float, axis: float) -> SafeString:
    return format_html(
        _ARROW,
        full=link.told,
        start=left + 8,
        end=left + _LINK - 6,
        y=f"{axis:g}",
        middle=left + _LINK // 2,
        label_y=f"{axis - 9:g}",
        label=_cut(link.told, _FITS_LINK),
        ink=_PLAIN if link.fits else _BAD,
        dashes="" if link.fits else _DASHED,
    )


def _back(chain: Chain, loop: Loop, axis: float, floor: float) -> SafeString:
    """Return the arrow from the last step of a loop back to the first."""
    places = {step.number: (place, step) for place, step in enumerate(chain.steps)}
    (first, begins), (last, ends) = places[loop.first], places[loop.last]
    left, right = (_LINK + place * (_BOX_WIDTH + _LINK) + _BOX_WIDTH // 2 for place in (first, last))
    longest = _FITS_NUMBER + (last - first) * (_FITS_BOX + _FITS_LINK)
    told = str(loop.repeat)
    return format_html(
        _BACK,
        full=f"repeats {loop}",
        start=right + _ASIDE,
        bottom=f"{axis + _half(ends):g}",
        y=f"{floor + 8:g}",
        end=left - _ASIDE,
        top=f"{axis + _half(begins) + 2:g}",
        middle=(left + right) // 2,
        label_y=f"{floor + 26:g}",
        label=_cut(f"↺ {told}", longest),
        ink=_PLAIN,
    )


def _number(chain: Chain, step: WorkflowStep, left: float) -> SafeString:
    here = step.number == chain.current
    told = f"step {step.number}{', here' if here else ''}"
    if here and chain.round is not None:
        told = f"{told} in round {chain.round}"
    if step.condition:
        told = f"{told}, if {step.condition}"
    middle, weight = left + _BOX_WIDTH // 2, "; font-weight: bold" if here else ""
    return format_html(_NUMBER, told, middle, weight, _cut(told, _FITS_NUMBER))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
