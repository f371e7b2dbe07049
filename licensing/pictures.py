"""Pictures of what `trends` found: SVG that the server draws, the table behind it, and a summary in words."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ghconnect import moments, wording
from ghconnect.templatetags.ghconnect_ui import number, signed
from licensing.rules import geometry
from licensing.rules.geometry import Box, Scale
from licensing.trends import Series, Span, Week

# One for a desk and one for a phone: words in a picture that shrinks would become unreadable.
SIZES = {"chart-wide": Box(1160, 260), "chart-narrow": Box(360, 220, left=40, right=8)}
TIMES = {"chart-wide": 7, "chart-narrow": 3}
# Rows of the table behind a picture; the CSV has all.
ROWS = 60
# So many servers or organizations are drawn; the table and the CSV have all.
MOST_LINES, MOST_BARS = 6, 12
BAR = 28
# How wide a figure's sign is, in SVG units.
DIGIT = 7


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle with what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    css: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """A word in the picture; `anchor` is SVG's text-anchor."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture at one size."""

    css: str
    box: Box
    paths: list[tuple[str, str]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    lines: list[float] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Picture:
    """What elements/chart.html takes. `rows` are the cells of the table behind it; `note` stands below."""

    id: str
    title: str
    summary: str
    drawings: list[Drawing] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    more: int = 0
    note: str = ""
    csv: str = ""


def lines(name: str, title: str, series: Sequence[Series], of: Span, *, zero: bool = False) -> Picture:
    """Draw values over time as staircases, each with its own dash."""
    shown = [each for each in series if each.last is not None][:MOST_LINES]
    legend = [(f"line-{at}", each.label) for at, each in enumerate(shown, 1)]
    picture = _over_time(name, title, series, of, legend)
    if not shown:
        return picture
    values = [value for each in shown for _at, value in each.points]
    marks = geometry.ticks(*geometry.bounds(values, zero=zero))
    drawings = []
    for css, box in _boxes(marks).items():
        x, y = _axes(box, of, marks)
        end = of.end.timestamp()
        paths = [
            (f"line-{at}", geometry.staircase(geometry.thinned(_numbers(each), x), x, y, until=end))
            for at, each in enumerate(shown, 1)
        ]
        drawings.append(_framed(Drawing(css, box, paths), of, marks, x, y))
    return replace(picture, drawings=drawings)


def bands(name: str, title: str, series: Sequence[Series], of: Span) -> Picture:
    """Draw values that add up, one on the other."""
    legend = [(f"band-{at}", each.label) for at, each in enumerate(series, 1)]
    picture = _over_time(name, title, series, of, legend)
    if not series or not series[0].points:
        return picture
    times = [at.timestamp() for at, _value in series[0].points]
    sums = geometry.stacked([[value or 0 for _at, value in each.points] for each in series])
    marks = geometry.ticks(*geometry.bounds(sums[-1], zero=True))
    drawings = []
    for css, box in _boxes(marks).items():
        x, y = _axes(box, of, marks)
        edges = [geometry.thinned(list(zip(times, edge, strict=True)), x) for edge in sums]
        paths = [
            (f"band-{at}", geometry.band(edges[at - 1], edges[at], x, y, until=of.end.timestamp()))
            for at in range(1, len(edges))
        ]
        drawings.append(_framed(Drawing(css, box, paths), of, marks, x, y))
    return replace(picture, drawings=drawings)


def columns(name: str, title: str, weeks: Sequence[Week]) -> Picture:
    """Draw who came above the line and who left below it, by week."""
    legend = [("band-1", _("Got a license")), ("band-3", _("Lost a license"))]
    head = [_("Week of"), _("Got a license"), _("Lost a license"), _("Found by a first reading")]
    rows = [
        [moments.day(week.start), number(week.joined), number(week.left), number(week.found)]
        for week in reversed(weeks)
        if week.joined or week.left or week.found
    ]
    picture = Picture(name, title, _weeks_words(weeks), [], legend, head, rows[:ROWS], len(rows[ROWS:]))
    if not any(week.joined or week.left for week in weeks):
        return picture
    marks = geometry.ticks(-max(w.left for w in weeks), max(w.joined for w in weeks))
    drawings = [_columns(css, box, weeks, marks) for css, box in _boxes(marks).items()]
    return replace(picture, drawings=drawings)


def bars(name: str, title: str, found: Sequence[tuple[str, int]], what: str, words: str) -> Picture:
    """Draw counts as bars beside their names; `what` heads the names, `words` says it all in a sentence."""
    rows = [[label, number(count)] for label, count in found]
    picture = Picture(name, title, words, [], [], [what, _("Licenses")], rows[:ROWS], len(rows[ROWS:]))
    if not found:
        return picture
    return replace(picture, drawings=[_bars(css, found[:MOST_BARS]) for css in SIZES])


# --- drawing -------------------------------------------------------------------------------------------------------


def _boxes(marks: Sequence[float]) -> dict[str, Box]:
    """The sizes, with room at the left for the longest of these values."""
    room = DIGIT * max(len(number(round(mark))) for mark in marks) + 12
    return {css: replace(box, left=max(box.left, room)) for css, box in SIZES.items()}


def _axes(box: Box, of: Span, marks: Sequence[float]) -> tuple[Scale, Scale]:
    x = geometry.across(box, of.start.timestamp(), of.end.timestamp())
    return x, geometry.upwards(box, marks[0], marks[-1])


def _numbers(series: Series) -> list[geometry.Point]:
    return [(at.timestamp(), value) for at, value in series.points]


def _framed(drawing: Drawing, of: Span, marks: Sequence[float], x: Scale, y: Scale) -> Drawing:
    """Add the lines across with their values, and the days below."""
    box, count = drawing.box, TIMES[drawing.css]
    step = (of.end - of.start) / (count - 1)
    days = [of.start + step * n for n in range(count)]
    anchors = ["start", *["middle"] * (count - 2), "end"]
    # In the first days several places are of one day, which is named once.
    named = {
        moments.day(day): (day, anchor) for day, anchor in reversed(list(zip(days, anchors, strict=True)))
    }
    words = [
        Word(x.at(day.timestamp()), box.height - 8, text, anchor)
        for text, (day, anchor) in reversed(named.items())
    ]
    return replace(drawing, lines=[y.at(mark) for mark in marks], words=[*_values(box, marks, y), *words])


def _values(box: Box, marks: Sequence[float], y: Scale) -> list[Word]:
    return [Word(box.left - 8, y.at(mark) + 4, number(round(mark)), "end") for mark in marks]


def _columns(css: str, box: Box, weeks: Sequence[Week], marks: Sequence[float]) -> Drawing:
    y = geometry.upwards(box, marks[0], marks[-1])
    zero, found = y.at(0), []
    for (x, width), week in zip(geometry.slots(len(weeks), box), weeks, strict=True):
        title = _week_words(week)
        if week.joined:
            found.append(
                Mark(x, y.at(week.joined), width, round(zero - y.at(week.joined), 1), "band-1", title)
            )
        if week.left:
            found.append(Mark(x, zero, width, round(y.at(-week.left) - zero, 1), "band-3", title))
    ends = [(box.left, weeks[0], "start"), (box.width - box.right, weeks[-1], "end")]
    words = [Word(x, box.height - 8, moments.day(week.start), anchor) for x, week, anchor in ends]
    return Drawing(css, box, [], found, [y.at(mark) for mark in marks], [*_values(box, marks, y), *words])


def _bars(css: str, found: Sequence[tuple[str, int]]) -> Drawing:
    """Names at the left, the bar beside each, its count behind it."""
    wide, room = css == "chart-wide", DIGIT * max(len(number(count)) for _, count in found) + 12
    box = Box(SIZES[css].width // 2 if wide else SIZES[css].width, BAR * len(found) + 8, 150, room, 4, 4)
    x, marks, words = geometry.across(box, 0, max(count for _, count in found) or 1), [], []
    for at, (label, count) in enumerate(found):
        top, width = box.top + BAR * at, round(x.at(count) - box.left, 1)
        marks.append(Mark(box.left, top + 5, width, BAR - 10, "band-1", f"{label}: {number(count)}"))
        words.append(Word(box.left - 8, top + BAR / 2 + 4, _short(label), "end"))
        words.append(Word(box.left + width + 6, top + BAR / 2 + 4, number(count), "start"))
    return Drawing(css, box, [], marks, [], words)


def _short(label: str) -> str:
    return label if len(label) <= 20 else f"{label[:19]}…"


# --- words -----------------------------------------------------------------------------------------------------------


def _over_time(
    name: str, title: str, series: Sequence[Series], of: Span, legend: list[tuple[str, str]]
) -> Picture:
    """The table behind lines and bands: a row whenever something changed, newest first."""
    times = sorted({at for each in series for at, _value in each.points})
    rows = list(zip(times, *(_values_at(each, times) for each in series), strict=True))
    changed = [row for at, row in enumerate(rows) if at == 0 or row[1:] != rows[at - 1][1:]][::-1]
    return Picture(
        id=name,
        title=title,
        summary=wording.sentences([_since(each, of) for each in series if each.last is not None]),
        legend=legend,
        head=[_("From"), *(each.label for each in series)],
        rows=[[moments.moment(at), *map(number, values)] for at, *values in changed[:ROWS]],
        more=len(changed[ROWS:]),
    )


def _values_at(series: Series, times: Sequence[datetime]) -> Iterator[int | None]:
    """The value that stands at each of the ascending times, rounded."""
    value, points = None, deque(series.points)
    for at in times:
        while points and points[0][0] <= at:
            value = points.popleft()[1]
        yield None if value is None else round(value)


def _since(series: Series, of: Span) -> str:
    """Say how a value went: "Expected: 237, +1 since 2 Mar 2026."."""
    now, then = round(series.last or 0), round(series.first or 0)
    began = next((at for at, value in series.points if value is not None), of.start)
    words = {"what": series.label, "n": number(now), "day": moments.day(began)}
    if now == then:
        return _("{what}: {n}, the same since {day}.").format(**words)
    return _("{what}: {n}, {change} since {day}.").format(**words, change=signed(now - then))


def _weeks_words(weeks: Sequence[Week]) -> str:
    if not weeks:
        return ""
    joined, left = sum(week.joined for week in weeks), sum(week.left for week in weeks)
    day = moments.day(weeks[0].start)
    came = ngettext(
        "{n} person got a license since {day}.", "{n} people got a license since {day}.", joined
    ).format(n=number(joined), day=day)
    gone = ngettext("{n} person lost one.", "{n} people lost one.", left).format(n=number(left))
    return wording.sentences([came, gone])


def _week_words(week: Week) -> str:
    words = _("Week of {day}: {n} got a license, {m} lost one")
    return words.format(day=moments.day(week.start), n=number(week.joined), m=number(week.left))
