"""What a renewal is talked about with: GitHub's count by week, who came and went and why, fixes proved, coverage."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from tempfile import SpooledTemporaryFile
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from ghconnect import clock, wording
from ghconnect.models import Enterprise
from licensing.models import CloudPicture, Edition, GitHubCount, Person, Seat, ServerPicture

from . import bridge, candidates, exports, fixes, licenses, search, trends
from .license_records import batches

WEEK = timedelta(days=7)
BATCH = 2000
# What of the pack is kept in memory before it goes to a file.
IN_MEMORY = 4 << 20
CHUNK = 64 << 10


@dataclass(frozen=True, slots=True)
class Week:
    """The end of a week: GitHub's count and what was purchased then (None: not known), and who came and went."""

    end: datetime
    counted: int | None
    purchased: int | None
    joined: int
    left: int
    found: int

    @property
    def available(self) -> int | None:
        """What was left of the purchase; negative when more were consumed."""
        return None if self.purchased is None or self.counted is None else self.purchased - self.counted


@dataclass(frozen=True, slots=True)
class Reason:
    """How many licenses began and ended for a reason."""

    key: str
    began: int
    ended: int

    @property
    def words(self) -> str:
        """The reason in words."""
        return wording.reason(self.key)


@dataclass(frozen=True, slots=True)
class Renewal:
    """Everything the page shows; `proved` are fixes that GitHub's own report has closed, the newest."""

    span: trends.Span
    weeks: list[Week]
    reasons: list[Reason]
    numbers: bridge.BridgeView
    avoidable: int
    proved: fixes.Fixes
    cloud: CloudPicture | None
    servers: list[ServerPicture]


def of(enterprise: Enterprise) -> Renewal:
    """Read the last twelve months; a constant number of queries."""
    span = trends.span(enterprise, trends.USUAL)
    return Renewal(
        span=span,
        weeks=weeks(enterprise, span),
        reasons=_reasons(enterprise, span),
        numbers=bridge.of(enterprise),
        avoidable=candidates.of(enterprise).licenses,
        proved=fixes.closed(enterprise),
        cloud=CloudPicture.objects.filter(enterprise=enterprise).first(),
        servers=list(
            ServerPicture.objects.filter(server__enterprise=enterprise)
            .select_related("server")
            .order_by("server__host")
        ),
    )


def weeks(enterprise: Enterprise, span: trends.Span) -> list[Week]:
    """Return GitHub's count at the end of each week, carried forward, with the week's changes; newest first."""
    counts = list(GitHubCount.objects.filter(enterprise=enterprise, at__lte=span.end).order_by("at"))
    shown, place = [], -1
    for week in trends.weeks(enterprise, span):
        end = min(week.start + WEEK, span.end)
        while place + 1 < len(counts) and counts[place + 1].at < end:
            place += 1
        last = counts[place] if place >= 0 else None
        shown.append(
            Week(
                end,
                last.consumed if last else None,
                last.purchased if last else None,
                week.joined,
                week.left,
                week.found,
            )
        )
    return shown[::-1]


def _reasons(enterprise: Enterprise, span: trends.Span) -> list[Reason]:
    first, last = _editions(enterprise, span)
    began = _by_reason(enterprise, from_edition__gt=first, from_edition__lte=last)
    ended = _by_reason(enterprise, to_edition__gt=first, to_edition__lte=last)
    keys = sorted(began.keys() | ended.keys(), key=lambda key: (-began.get(key, 0), key))
    return [Reason(key, began.get(key, 0), ended.get(key, 0)) for key in keys if key]


def _editions(enterprise: Enterprise, span: trends.Span) -> tuple[int, int]:
    """The editions in (first, last] of a span."""
    before = Edition.objects.filter(enterprise=enterprise, at__lt=span.start).order_by("-number").first()
    return before.number if before else 0, enterprise.edition


def _by_reason(enterprise: Enterprise, **edge: int) -> dict[str, int]:
    rows = Seat.objects.filter(enterprise=enterprise, **edge).values_list("reason")
    return dict(rows.annotate(n=Count("pk")).order_by())


def method() -> str:
    """Say how the figures came about."""
    return _(
        "The count is GitHub's own, as its license report gave it at the end of each week. Who came and went is this"
        " console's own history, by GitHub's published rules. What could be avoided is a list beside the count and"
        " subtracted from nothing. The pack holds the same as CSV and JSON, with a hash of each file."
    )


# --- the pack --------------------------------------------------------------------------------------------------------


def pack(enterprise: Enterprise) -> Iterator[bytes]:
    """Yield a ZIP of CSV and JSON, with a manifest that has the SHA-256 and size of each file."""
    told = of(enterprise)
    with SpooledTemporaryFile(IN_MEMORY) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            files = [_write(archive, name, lines) for name, lines in _parts(enterprise, told).items()]
            facts = {"enterprise": enterprise.slug, "edition": told.numbers.edition}
            made = {"made_at": exports.iso(clock.now(enterprise)), "files": files}
            archive.writestr("manifest.json", json.dumps(facts | made, indent=2) + "\n")
        file.seek(0)
        while data := file.read(CHUNK):
            yield data


def _parts(enterprise: Enterprise, told: Renewal) -> dict[str, Iterator[str]]:
    return {
        "summary.json": iter([json.dumps(summary(enterprise, told), ensure_ascii=False, indent=2) + "\n"]),
        "method.txt": iter([method() + "\n"]),
        "github-count-by-week.csv": _csv(_week_rows(told.weeks)),
        "fixes-proved.csv": _csv(_proved_rows(fixes.each_closed(enterprise))),
        "changes.csv": _csv(_change_rows(enterprise, told.span)),
        "consumed-licenses.csv": exports.as_csv(_export(enterprise, told.numbers)),
    }


def _write(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with archive.open(name, "w") as part:
        for line in lines:
            data = line.encode()
            digest.update(data)
            size += len(data)
            part.write(data)
    return {"name": name, "bytes": size, "sha256": digest.hexdigest()}


def _export(enterprise: Enterprise, numbers: bridge.BridgeView) -> exports.Export:
    view = licenses.GITHUB if numbers.by_github else licenses.EXPECTED
    return exports.Export(enterprise, view, search.parse(""), "")


def _csv(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    for some in batches(rows, BATCH):
        text = StringIO()
        writer = csv.writer(text)
        writer.writerows([exports.safe("" if cell is None else str(cell)) for cell in row] for row in some)
        yield text.getvalue()


def _week_rows(found: Iterable[Week]) -> Iterator[Sequence[object]]:
    came = ("joined", "left", "found_by_first_reading")
    yield ("week_ends", "counted_by_github", "purchased", "available", *came)
    for week in found:
        count = (week.counted, week.purchased, week.available)
        yield exports.iso(week.end), *count, week.joined, week.left, week.found


def _proved_rows(found: Iterable[fixes.Moved]) -> Iterator[Sequence[object]]:
    """Whose accounts GitHub's own report has joined since the address was changed, or the fix accepted."""
    yield ("name", "server", "login", "primary_email", "github_last_synced_the_server")
    for one in found:
        yield one.name, one.server.host, one.login, one.email, exports.iso(one.github_at)


def _change_rows(enterprise: Enterprise, span: trends.Span) -> Iterator[Sequence[object]]:
    """Every license that began or ended in the span, oldest first, with its person and reason."""
    yield ("at", "change", "person", "name", "license_type", "reason", "edition", "cause")
    editions = {
        row.number: row for row in Edition.objects.filter(enterprise=enterprise).only("number", "at", "cause")
    }
    first, last = _editions(enterprise, span)
    for change, edge in (("began", "from_edition"), ("ended", "to_edition")):
        within = {f"{edge}__gt": first, f"{edge}__lte": last}
        rows = Seat.objects.filter(enterprise=enterprise, **within).order_by(edge, "id").iterator(BATCH)
        for some in batches(rows, BATCH):
            names = dict(Person.objects.filter(pk__in=[s.person_id for s in some]).values_list("pk", "name"))
            for seat in some:
                edition = editions.get(getattr(seat, edge))
                at, cause = (exports.iso(edition.at), edition.cause) if edition else ("", "")
                who = (seat.person_id, names.get(seat.person_id, ""))
                yield at, change, *who, seat.license_type, seat.reason, getattr(seat, edge), cause


def summary(enterprise: Enterprise, told: Renewal) -> dict[str, Any]:
    """Return the figures of the page as data."""
    numbers, cloud = told.numbers, told.cloud
    return {
        "enterprise": enterprise.slug,
        "from": exports.iso(told.span.start),
        "to": exports.iso(told.span.end),
        "edition": numbers.edition,
        "counted_by_github": numbers.counted,
        "github_as_of": exports.iso(numbers.counted_at),
        "console_as_of": exports.iso(numbers.console_at),
        "purchased": numbers.purchased,
        "expected": numbers.expected,
        "not_explained": numbers.unexplained,
        "bridge": {line.key: line.value for line in numbers.changes},
        "could_be_avoided": told.avoidable,
        "fixes_proved_by_github": told.proved.count,
        "reasons": {one.key: {"began": one.began, "ended": one.ended} for one in told.reasons},
        "coverage": {
            "members": cloud.members if cloud else 0,
            "members_with_identity": cloud.members_with_identity if cloud else 0,
            "servers": {one.server.host: exports.iso(one.last_success) for one in told.servers},
        },
    }
