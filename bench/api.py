"""`python -m bench.api`: what the framework costs on hot lists, and what a ModelSerializer would (ENGINEERING §10).

Each list is answered four ways in turn: by the API, by the same view without ninja behind the same token check, by a
REST-framework ModelSerializer over the same rows, and again with an ETag. In one process, without a
socket; processor time is counted, so that others on the machine do not count.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent.parent
TRIES, ROUNDS = 15, 21
LEAST, MOST = 0.75, 2.0


@dataclass
class Line:
    """Answers a second of each way."""

    what: str
    api: float
    bare: float
    drf: float
    again: float

    @property
    def good(self) -> bool:
        """Whether both promises are kept."""
        return self.api >= LEAST * self.bare and self.api >= MOST * self.drf

    def markdown(self) -> str:
        """The line of the table."""
        return (
            f"| {self.what} | {self.api:.0f}/s | {self.bare:.0f}/s | **{self.api / self.bare:.2f}** (≥ {LEAST}) "
            f"| {self.drf:.0f}/s | **{self.api / self.drf:.1f} ×** (≥ {MOST:.0f} ×) | {self.again:.0f}/s |"
        )


def main() -> int:
    """Measure; returns 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--write")
    given = parser.parse_args()
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="ghconnect-bench-api-")))
        _settle(folder, closing)
        lines = _measure(given.people)
    text = _document(lines, given.people)
    print(text)
    if given.write:
        (HOME / given.write).write_text(text)
    return 0 if all(line.good for line in lines) else 1


def _settle(folder: Path, closing: ExitStack) -> None:
    """A database and a broker of its own, and Django upon them."""
    os.environ.update(
        GHCONNECT_VAR=str(folder),
        DATABASE_URL=f"sqlite:///{folder / 'bench.sqlite3'}",
        DJANGO_SETTINGS_MODULE="ghconnect.settings",
        GHCONNECT_API_HOURLY="100000000",
        LOG_LEVEL="ERROR",
        ALLOWED_HOSTS="testserver",
    )
    from tests.support import brokers

    os.environ["REDIS_URL"] = closing.enter_context(brokers.serving("", folder))[0]
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _measure(people: int) -> list[Line]:
    from bench import api_views

    token = api_views.estate(people)
    return [_line(what, urls, token) for what, urls in api_views.lists(people)]


def _line(what: str, urls: tuple[str, str, str], token: str) -> Line:
    """Every way in turn, round by round, so that a busy moment is shared; the middle round stands."""
    from django.test import Client

    client = Client(headers={"Authorization": f"Bearer {token}", "User-Agent": "bench"})
    tag = client.get(urls[0]).headers["ETag"]
    ways: list[Callable[[], Any]] = [lambda url=url: client.get(url) for url in urls]  # type: ignore[misc]
    ways.append(lambda: client.get(urls[0], headers={"If-None-Match": tag}))
    for way, expected in zip(ways, (200, 200, 200, 304), strict=True):
        if way().status_code != expected:
            raise RuntimeError(f"{what}: {way().status_code}")
    rounds = [[_rate(way) for way in ways] for _ in range(ROUNDS)]
    return Line(what, *(statistics.median(rates) for rates in zip(*rounds, strict=True)))


def _rate(way: Callable[[], Any]) -> float:
    began = time.process_time()
    for _ in range(TRIES):
        way()
    return TRIES / (time.process_time() - began)


def _document(lines: list[Line], people: int) -> str:
    return f"""# The API, measured

`make api` asks every operation of the document with schemathesis (no 5xx, every answer as its schema says), then
`python -m bench.api` measures hot lists over {people:,} licenses: answers a second of processor time in one process on
SQLite, each way in turn, median of {ROUNDS} rounds of {TRIES}. *Bare* is the same view without the framework behind the
same token check and limit; *DRF* a `ListAPIView` with a `ModelSerializer` and its own pages over the same rows, behind
the same (for people with the three columns that the console adds, the person looked up for each row); *304* the same
list asked again with its ETag.

| list | API | bare | API / bare | DRF | API / DRF | 304 |
|---|---|---|---|---|---|---|
""" + "".join(f"{line.markdown()}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
